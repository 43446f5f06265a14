"""A household that asked for more time reads the new deadline on the page: the message that it has costs it nothing."""

from datetime import timedelta
from uuid import uuid4

from services.notifications.domain.notice import Notice, NoticeState, PastNotice
from services.notifications.domain.notices import NoticesDue, notices_due
from shared.events import Appointment, NoticeKind
from tests.unit.notifications_builders import NOW, a_snapshot, an_appointment


def extended(offer: Appointment) -> Appointment:
    assert offer.deadline
    later = {"version": 2, "deadline": offer.deadline + timedelta(hours=24), "first_deadline": offer.deadline}
    return offer.model_copy(update=later)


def told(offer: Appointment, state: NoticeState) -> PastNotice:
    return PastNotice(uuid4(), state, Notice(NoticeKind.OFFERED, offer), may_have_arrived=state is NoticeState.SENT)


def test_who_was_told_of_the_offer_is_not_written_to_again() -> None:
    offer = an_appointment()

    due = notices_due([told(offer, NoticeState.SENT)], a_snapshot(extended(offer)), NOW)

    assert NoticesDue() == due


def test_a_message_that_was_not_sent_yet_names_the_new_deadline() -> None:
    offer = an_appointment()
    past = told(offer, NoticeState.DUE)

    due = notices_due([past], a_snapshot(extended(offer)), NOW)

    assert NoticesDue(renewed=(past.id, Notice(NoticeKind.OFFERED, extended(offer)))) == due
