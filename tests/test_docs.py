"""What the code and the documents cite exists: every section of docs/domain.md that a docstring names, every page that the README links."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CITATION = re.compile(r'docs/domain\.md, "([^"]+)"')
LINK = re.compile(r"\]\(((?:docs|deploy|tests)/[^)]*)\)")


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
