"""What the code and the documents cite exists: sections that a docstring names, pages and modules that a document names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXPLAINING = [ROOT / "docs" / "design.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
CODE = ("services", "shared", "deploy", "bench", "tests")
CITATION = re.compile(r'docs/([\w/-]+\.md)((?:,\s+"[^"\n]+")*)')
UNCITED = re.compile(r"Source: (?:[a-z-]+\.md|formats|domain|design)\b")
"""A page of ours that is cited without its folder: nobody can look it up."""
LINK = re.compile(r"\]\(((?:docs|deploy|tests)/[^)]*)\)")
NAMED = re.compile(r"`([\w./-]+\.(?:md|py))`")
"""A page or a module that a document names, from the root of the repository."""
BESIDE = re.compile(r"\]\(([\w./-]+\.md)(?:#[^)]*)?\)")
"""A page that a document links, from its own folder."""


def sources() -> dict[str, str]:
    files = (file for folder in CODE for file in (ROOT / folder).rglob("*.py"))
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def headings(page: str) -> set[str]:
    path = ROOT / "docs" / page
    return set(re.findall(r"^##+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)) if path.is_file() else set()


def cited() -> set[tuple[str, str]]:
    """Page and section; an empty section where the page alone is cited."""
    found = (citation for text in sources().values() for citation in CITATION.findall(text))
    return {(page, section) for page, sections in found for section in re.findall('"([^"]+)"', sections) or [""]}


def test_every_section_that_the_code_cites_exists() -> None:
    assert {page for page, _ in cited()} >= {"domain.md", "formats.md", "edge-cases.md"}
    assert {page for page, _ in cited() if not (ROOT / "docs" / page).is_file()} == set()
    assert {(page, section) for page, section in cited() if section and section not in headings(page)} == set()


def test_no_page_is_cited_without_its_folder() -> None:
    assert UNCITED.findall('"""Source: formats, "CA"."""')
    assert [file for file, text in sources().items() if UNCITED.search(text) and file != "tests/test_docs.py"] == []


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
