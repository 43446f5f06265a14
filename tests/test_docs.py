"""What the code and the documents cite exists: sections that a docstring names, pages and modules that a document names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXPLAINING = [ROOT / "docs" / "design.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
CITATION = re.compile(r'docs/domain\.md, "([^"]+)"')
LINK = re.compile(r"\]\(((?:docs|deploy|tests)/[^)]*)\)")
NAMED = re.compile(r"`([\w./-]+\.(?:md|py))`")
"""A page or a module that a document names, from the root of the repository."""
BESIDE = re.compile(r"\]\(([\w./-]+\.md)(?:#[^)]*)?\)")
"""A page that a document links, from its own folder."""


def cited() -> set[str]:
    files = [file for folder in ("services", "shared", "deploy") for file in (ROOT / folder).rglob("*.py")]
    return {section for file in files for section in CITATION.findall(file.read_text(encoding="utf-8"))}


def test_every_cited_section_of_the_facts_exists() -> None:
    sections = set(re.findall(r"^## (.+)$", (ROOT / "docs" / "domain.md").read_text(encoding="utf-8"), re.MULTILINE))

    assert cited()
    assert cited() - sections == set()


def test_every_page_that_the_readme_links_exists() -> None:
    links = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", EXPLAINING, ids=lambda page: page.name)
def test_every_page_and_module_that_a_design_document_names_exists(page: Path) -> None:
    assert missing(page.read_text(encoding="utf-8"), page.parent) == []


def test_a_page_that_lies_outside_the_repository_is_seen() -> None:
    text = (
        "`reliability.md` 2, `shared/design.md`, `docs/design.md`, [adr](adr/0000-none.md), [domain](domain.md#offers)"
    )

    assert missing(text, ROOT / "docs") == ["reliability.md", "shared/design.md", "adr/0000-none.md"]


def missing(text: str, folder: Path) -> list[str]:
    """What a document in this folder names or links that is not there."""
    named = [name for name in NAMED.findall(text) if not (ROOT / name).is_file()]
    return named + [name for name in BESIDE.findall(text) if not (folder / name).is_file()]


def named_tests() -> set[str]:
    return set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "edge-cases.md").read_text(encoding="utf-8")))


def test_every_test_that_the_list_of_edge_cases_names_exists() -> None:
    files = (ROOT / "tests").rglob("test_*.py")
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))}

    assert len(named_tests()) > 40
    assert named_tests() - there == set()


def test_every_edge_case_from_the_first_to_the_last_has_its_line() -> None:
    lines = (ROOT / "docs" / "edge-cases.md").read_text(encoding="utf-8").splitlines()

    numbers = [int(line.split("|")[1]) for line in lines if re.match(r"\| \d", line)]

    assert list(range(1, 44)) == numbers
