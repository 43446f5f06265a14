"""Events of a batch as those of one kind: none is left out in silence."""

import pytest

from shared.events import EVENT_TYPES, SNAPSHOTS, CaseChanged, ProgrammeChanged, all_of
from tests.builders import a_case, a_programme


def test_all_events_of_a_batch_are_given_on_in_their_order() -> None:
    batch = [a_case(), a_case()]

    assert all_of(CaseChanged, batch) == batch


def test_an_event_of_another_kind_is_refused_with_its_type() -> None:
    with pytest.raises(TypeError, match=ProgrammeChanged.type):
        all_of(CaseChanged, [a_case(), a_programme()])


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_every_event_of_a_topic_is_of_the_kind_that_its_handlers_take(event_type: str) -> None:
    event = EVENT_TYPES[event_type]

    assert issubclass(event, SNAPSHOTS[event.topic])
