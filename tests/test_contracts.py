"""The contracts: what is committed is what the code says, and every golden example of every version is still read."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from services.intake.app import HANDLERS as INTAKE_HANDLERS
from services.notifications.app import HANDLERS as NOTIFICATIONS_HANDLERS
from services.scheduling.app import HANDLERS as SCHEDULING_HANDLERS
from shared.events import EVENT_TYPES, SNAPSHOTS
from shared.events.schemas import SCHEMAS, documents
from shared.kafka.records import Record, read
from shared.kafka.topics import declared_topics

GOLDEN = Path(__file__).parent / "golden_events"
HANDLED = {*INTAKE_HANDLERS, *SCHEDULING_HANDLERS, *NOTIFICATIONS_HANDLERS}
NOT_HANDLED = {"notifications.notices"}
"""Topics that none of our services consumes: for reports and other programs."""


def golden(kind: str) -> dict[str, Any]:
    example: dict[str, Any] = json.loads((GOLDEN / f"{kind}.json").read_text(encoding="utf-8"))
    return example


def as_record(example: dict[str, Any]) -> Record:
    kind = example["headers"]["ce_type"]
    headers = tuple((name, value.encode()) for name, value in example["headers"].items())
    value = json.dumps(example["value"]).encode()
    return Record(EVENT_TYPES[kind].topic, 0, 0, example["key"].encode(), value, headers)


def test_every_generated_document_is_committed_as_the_models_say_it() -> None:
    stale = [file.name for file, text in documents().items() if file.read_text(encoding="utf-8") != text]

    assert stale == []


def test_every_event_type_has_a_golden_example() -> None:
    assert set(EVENT_TYPES) <= {file.stem for file in GOLDEN.glob("*.json")}


@pytest.mark.parametrize("kind", sorted(file.stem for file in GOLDEN.glob("*.json")))
def test_a_golden_example_is_read_whole(kind: str) -> None:
    example = golden(kind)

    received = read(as_record(example))

    assert example["value"] == json.loads(received.event.model_dump_json(exclude_none=True))
    assert kind == received.event.type


@pytest.mark.parametrize("kind", sorted(EVENT_TYPES))
def test_a_golden_example_fits_its_committed_schema_and_a_mutilated_one_does_not(kind: str) -> None:
    schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
    value = golden(kind)["value"]

    jsonschema.validate(value, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "version": "one"}, schema)


def test_the_asyncapi_document_names_every_topic_and_type() -> None:
    document = yaml.safe_load(next(text for file, text in documents().items() if file.name == "asyncapi.yaml"))

    assert {topic.name for topic in declared_topics()} == set(document["channels"])
    assert set(EVENT_TYPES) == set(document["components"]["messages"])


def test_every_topic_is_declared_and_handled_or_said_not_to_be() -> None:
    declared = {topic.name for topic in declared_topics()}

    assert declared == set(SNAPSHOTS)
    assert declared == HANDLED | NOT_HANDLED


@pytest.mark.parametrize("kind", sorted(EVENT_TYPES))
def test_no_event_has_a_field_that_could_name_a_person(kind: str) -> None:
    assert naming_fields(json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))) == []


def test_a_field_that_could_name_a_person_is_seen_however_deep_it_lies() -> None:
    schema = {"properties": {"party": {}}, "$defs": {"Party": {"properties": {"family_name": {}}}}}

    assert naming_fields(schema) == ["family_name"]


def naming_fields(schema: dict[str, Any]) -> list[str]:
    """The fields of the schema and of what lies in it whose name sounds like a person's."""
    naming = ("family", "given", "born", "birth", "mobile", "email", "phone", "passport", "curp", "number")
    parts = [schema, *schema.get("$defs", {}).values()]
    fields = [field for part in parts for field in part.get("properties", {})]
    return [field for field in fields if any(word in field.lower() for word in naming)]
