"""The contracts as documents: JSON Schemas, an AsyncAPI 3.0 document and docs/events.md, made from the models.

`python -m shared.events.schemas` writes them, `--check` fails when what is committed differs.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from shared.events import EVENT_TYPES, SNAPSHOTS
from shared.events.eligibility import EligibilityResult

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(__file__).parent / "schemas"
EXTENSIONS = {
    "ce_id": "unique with ce_source",
    "ce_source": "urn:puente:<service>",
    "ce_type": "what happened; the value is the stream's whole snapshot whatever it says",
    "ce_time": "when it was committed",
    "ce_subject": "the stream's key",
    "ce_sequence": "version of the stream, 19 digits; the highest wins",
    "ce_correlationid": "first cause of the chain",
    "ce_causationid": "event that led to this one; absent when a request or a tick did",
    "ce_recordedtime": "when the publisher wrote it down",
    "traceparent": "W3C Trace Context of the span that made it",
}


def documents() -> dict[Path, str]:
    """Every generated file with its text."""
    files = {SCHEMAS / f"{kind}.json": _json(_schema(model)) for kind, model in sorted(EVENT_TYPES.items())}
    files[SCHEMAS / "puente.eligibility-result.v1.json"] = _json(_schema(EligibilityResult))
    files[ROOT / "docs" / "asyncapi.yaml"] = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)
    files[ROOT / "docs" / "events.md"] = events_page()
    return files


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel for each topic, a message for each type."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Puente", "version": "1", "description": "Every event is its stream's whole snapshot."},
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic) for topic in sorted(SNAPSHOTS)},
        "operations": {f"publish.{topic}": _publish(topic) for topic in sorted(SNAPSHOTS)},
        "components": {"messages": {kind: _message(kind) for kind in sorted(EVENT_TYPES)}},
    }


def _types_of(topic: str) -> list[str]:
    return sorted(kind for kind, model in EVENT_TYPES.items() if model.topic == topic)


def _channel(topic: str) -> dict[str, Any]:
    messages = {kind: {"$ref": f"#/components/messages/{kind}"} for kind in _types_of(topic)}
    return {"address": topic, "messages": messages, "bindings": {"kafka": {"topic": topic}}}


def _publish(topic: str) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}


def _message(kind: str) -> dict[str, Any]:
    headers = {name: {"type": "string", "description": text} for name, text in EXTENSIONS.items()}
    return {
        "name": kind,
        "headers": {"type": "object", "properties": headers},
        "payload": {"$ref": f"../shared/events/schemas/{kind}.json"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {"kafka": {"key": {"type": "string"}}},
    }


def events_page() -> str:
    """docs/events.md: the events by topic, for people."""
    lines = [
        "# Events",
        "",
        "Made by `python -m shared.events.schemas`; the models in `shared/events` are the source.",
        "",
    ]
    for topic in sorted(SNAPSHOTS):
        snapshot = SNAPSHOTS[topic]
        lines += [f"## {topic}", "", " ".join((snapshot.__doc__ or "").split()), "", "Types:", ""]
        lines += [f"- `{kind}`" for kind in _types_of(topic)]
        lines += ["", "| field | type |", "|---|---|"]
        lines += [f"| `{name}` | {_plain(field.annotation)} |" for name, field in snapshot.model_fields.items()]
        lines.append("")
    return "\n".join(lines)


def _plain(annotation: Any) -> str:
    text = (
        getattr(annotation, "__name__", "")
        if isinstance(annotation, type) and not hasattr(annotation, "__args__")
        else ""
    )
    return (text or str(annotation)).replace("shared.events.intake.", "").replace("shared.events.scheduling.", "").replace(
        "datetime.", "").replace("uuid.", "").replace("shared.events.notifications.", "").replace("|", "or")  # fmt: skip


def main() -> None:
    files = documents()
    if "--check" in sys.argv:
        stale = [
            str(f.relative_to(ROOT)) for f, text in files.items() if not f.exists() or f.read_text("utf-8") != text
        ]
        unknown = [str(f.relative_to(ROOT)) for f in SCHEMAS.glob("*.json") if f not in files]
        if stale or unknown:
            sys.exit(
                f"contracts changed: run `python -m shared.events.schemas` and look at {', '.join(stale + unknown)}"
            )
        return
    SCHEMAS.mkdir(exist_ok=True)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
