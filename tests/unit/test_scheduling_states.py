"""What every change of an appointment does to it, and the groups of states wherever they are written."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.states import AGREED, LIVE, NOT_BEGUN, TRANSITIONS, ForbiddenTransition, changed
from shared.events import AppointmentStatus
from tests.unit.notifications_builders import an_appointment

REPOSITORY = Path(__file__).parents[2] / "services" / "scheduling" / "repository"
LIST = re.compile(r"\bstatus in \(([^)]*)\)")

STATES = st.sampled_from(AppointmentStatus)


def lists_in(sql: str) -> list[frozenset[str]]:
    """The states that each list names."""
    return [frozenset(re.findall(r"'([a-z-]+)'", states)) for states in LIST.findall(sql)]


@given(STATES, STATES | st.none(), st.integers(1, 99), st.integers(15, 300))
def test_a_change_makes_the_next_version_and_the_state_that_the_table_allows(
    before: AppointmentStatus, after: AppointmentStatus | None, version: int, minutes: int
) -> None:
    appointment = an_appointment(before, version=version)

    if after in (None, AppointmentStatus.ENTERED_IN_ERROR, *TRANSITIONS[before]):
        new = changed(appointment, acted_by="scheduler", status=after, minutes=minutes)
        said = {"version": version + 1, "status": after or before, "acted_by": "scheduler", "minutes": minutes}
        assert new == appointment.model_copy(update=said)
    else:
        with pytest.raises(ForbiddenTransition):
            changed(appointment, acted_by="scheduler", status=after)


@given(st.lists(st.sampled_from(["deadline", "minutes", "interpreter", "reason"])))
def test_whatever_changes_the_version_counts_it(fields: list[str]) -> None:
    appointment = an_appointment(version=1)

    for field in fields:
        appointment = changed(appointment, acted_by="scheduling", **{field: None}, version=1)

    assert appointment.version == 1 + len(fields)


def test_the_states_that_queries_list_are_the_groups_of_the_domain() -> None:
    found = [states for file in REPOSITORY.glob("*.py") for states in lists_in(file.read_text())]

    assert set(found) == {LIVE, NOT_BEGUN, AGREED}


def test_a_list_that_is_no_group_is_seen() -> None:
    assert lists_in("where a.status in ('pending', 'arrived') and true") == [frozenset({"pending", "arrived"})]
