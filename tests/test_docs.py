"""What the code cites exists: every section of docs/domain.md that a docstring names, every page that the README links."""

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
