"""The groups of states, wherever they are written."""

import re
from pathlib import Path

from services.scheduling.domain.states import LIVE, NOT_BEGUN

REPOSITORY = Path(__file__).parents[2] / "services" / "scheduling" / "repository"
LIST = re.compile(r"\bstatus in \(([^)]*)\)")


def lists_in(sql: str) -> list[frozenset[str]]:
    """The states that each list names."""
    return [frozenset(re.findall(r"'([a-z-]+)'", states)) for states in LIST.findall(sql)]


def test_the_states_that_queries_list_are_the_groups_of_the_domain() -> None:
    found = [states for file in REPOSITORY.glob("*.py") for states in lists_in(file.read_text())]

    assert set(found) == {LIVE, NOT_BEGUN}


def test_a_list_that_is_no_group_is_seen() -> None:
    assert lists_in("where a.status in ('pending', 'arrived') and true") == [frozenset({"pending", "arrived"})]
