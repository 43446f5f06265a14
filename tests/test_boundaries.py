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
