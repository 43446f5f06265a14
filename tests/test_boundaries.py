"""Who may import whom. Each rule is also shown to fail when it is broken."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVICES = ("intake", "scheduling", "notifications")
DOMAIN_MAY_IMPORT = {"dateutil", "holidays", "tzdata", *sys.stdlib_module_names}
"""Beside its own package and the words of the contracts, shared.events (docs/adr/0001)."""


def imports_of(source: str, package: str) -> Iterator[str]:
    """The modules that a source imports, relative ones resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def breaks(package: str, module: str) -> bool:
    """True when code in `package` (dotted) must not import `module`."""
    parts = package.split(".")
    if parts[0] == "shared":
        return module.startswith("services")
    own = parts[1]
    foreign = any(module.startswith(f"services.{other}") for other in SERVICES if other != own)
    if len(parts) > 2 and parts[2] == "domain":
        inside = module.startswith((f"services.{own}.domain", "shared.events"))
        return not (
            inside or module in ("services", f"services.{own}", "shared") or module.split(".")[0] in DOMAIN_MAY_IMPORT
        )
    return foreign


ENTRANCES = {"api", "web"}
"""What people and programs come in by: it calls the rest of its service, and only `app.py` knows it."""


MAY_IMPORT = {
    "repository": {"domain", "tables"},
    "letters": {"domain"},
    "neighbours": {"repository", "refusals"},
    "placing": {"repository", "domain", "refusals"},
    "calendars": {"placing", "repository", "domain"},
    "views": {"placing", "repository", "domain"},
    "adapters": {"domain", "vocabulary"},
    "sending": {"owed", "messages", "channels", "repository", "domain"},
    "messages": {"channels", "domain"},
}
"""What folders inside a service know of the rest of it."""


def turns_back(importer: str, module: str) -> bool:
    """True when a module of a service imports another one of it that lies further out. Both are dotted, without
    `services.<name>`."""
    here, there = importer.split(".")[0], module.split(".")[0]
    if here in MAY_IMPORT:
        return there not in {here, *MAY_IMPORT[here]}
    if there in {"handlers", "jobs"}:
        return here not in {there, "app"}
    if there == "api":
        return here not in {"api", "app"}
    return there == "web" and here not in {*ENTRANCES, "app"}


def within(file: Path) -> tuple[str, list[str]]:
    """A module of a service, and what of the same service it imports."""
    service, package = file.relative_to(ROOT).parts[1], ".".join(file.relative_to(ROOT).parent.parts)
    importer = ".".join(file.relative_to(ROOT / "services" / service).with_suffix("").parts)
    own = f"services.{service}."
    found = imports_of(file.read_text(encoding="utf-8"), package)
    return importer, [module.removeprefix(own) for module in found if module.startswith(own)]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "services").glob("*/**/*.py")), ids=lambda file: str(file.relative_to(ROOT / "services"))
)
def test_a_module_imports_nothing_of_its_service_that_lies_further_out(file: Path) -> None:
    importer, modules = within(file)

    assert [module for module in modules if turns_back(importer, module)] == []


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("repository.cases", "placing.outcomes", True),
        ("placing.offers", "views.cases", True),
        ("placing.offers", "commands.places", True),
        ("views.cases", "commands.places", True),
        ("commands.places", "handlers", True),
        ("placing.offers", "placing.outcomes", False),
        ("views.cases", "placing.choices", False),
        ("repository.cases", "commands.answers", True),
        ("commands.answers", "api.cases", True),
        ("jobs", "web.portal", True),
        ("handlers", "api", True),
        ("web.case", "api.cases", True),
        ("repository.cases", "repository.slots", False),
        ("repository.slots", "domain.places", False),
        ("api.cases", "commands.answers", False),
        ("app", "web.portal", False),
    ],
)
def test_an_import_that_turns_back_is_seen(importer: str, module: str, expected: bool) -> None:
    assert turns_back(importer, module) is expected


def test_what_tests_share_is_no_test_module() -> None:
    files = [file for folder in ("tests", "bench") for file in (ROOT / folder).rglob("*.py")]
    found = [(file.name, module) for file in files for module in shared_tests(file.read_text(encoding="utf-8"))]

    assert found == []


def test_a_test_module_that_is_imported_is_seen() -> None:
    assert shared_tests("from tests.unit.test_clock import LATER") == ["tests.unit.test_clock"]


def shared_tests(source: str) -> list[str]:
    """The modules of tests that a source imports."""
    return [module for module in imports_of(source, "tests") if module.rpartition(".")[2].startswith("test_")]


def sources() -> list[Path]:
    return [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_imports_only_what_its_place_allows(file: Path) -> None:
    package = ".".join(file.relative_to(ROOT).parent.parts)

    found = [module for module in imports_of(file.read_text(encoding="utf-8"), package) if breaks(package, module)]

    assert found == []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("services.intake", "from services.scheduling import api"),
        ("services.notifications.channels", "import services.intake.tables"),
        ("shared.kafka", "import services.intake"),
        ("services.scheduling.domain", "import sqlalchemy"),
        ("services.scheduling.domain", "from shared.db import Database"),
        ("services.scheduling.domain", "from ..repository import cases"),
    ],
)
def test_a_forbidden_import_is_seen(package: str, source: str) -> None:
    assert any(breaks(package, module) for module in imports_of(source, package))
