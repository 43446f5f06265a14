"""Why a household has no date, as far as it is told, and when it is told so once more."""

from collections.abc import Iterable
from dataclasses import replace

from services.notifications.domain.beliefs import Belief
from services.notifications.domain.notice import Notice, PastNotice
from shared.events import CaseScheduled, Choice, NoticeKind, ReferralState

REFERRED = "referred"
"""Why a case has no date whose household goes on to another country's programme."""
NOT_FOR_HOUSEHOLDS = frozenset({"programme_unknown"})
"""Reasons for waiting that say something about us and pass by themselves: an event that has not come yet."""
OUT_OF_LINE = frozenset(
    {
        "awaiting_choice",
        "awaiting_draw",
        "missed",
        "offers_unanswered",
        "programme_closed",
        "programme_paused",
        REFERRED,
        "review",
    }
)
"""Reasons with which a household does not just wait in line for the next place."""


def went_on(snapshot: CaseScheduled) -> bool:
    """True when another country's programme has taken the household."""
    return snapshot.referral is not None and snapshot.referral.state is ReferralState.ACCEPTED


def waiting_reason(snapshot: CaseScheduled) -> str | None:
    """Why the household has no date, as far as it concerns the household. Who went on hears only that: its new case has
    notices of its own."""
    if went_on(snapshot):
        return REFERRED
    return None if snapshot.waiting in NOT_FOR_HOUSEHOLDS else snapshot.waiting


def about_waiting(reason: str, choice: Choice | None, past: Iterable[PastNotice], belief: Belief) -> Notice:
    """What says why there is no date: once for each reason, and once more when the household heard since then of a date, or of
    another reason, by which it expects or does something else; or when it is to choose by another day than it was told."""
    first = Notice(NoticeKind.WAITING, waiting=reason, follows=belief.closed_by, choice=choice)
    told = [each for each in past if each.may_have_arrived and _is_about_what_comes(each.notice)]
    if not told or told[-1].notice.closed:
        return first
    last = told[-1]
    if last.notice.waiting == reason:
        has_other_days = choice and last.notice.choice and last.notice.choice != choice
        return replace(first, follows=last.id if has_other_days else last.notice.follows)
    was_told = any((each.notice.waiting, each.notice.follows) == (reason, first.follows) for each in told)
    is_news = reason in OUT_OF_LINE or last.notice.waiting in OUT_OF_LINE
    return replace(first, follows=last.id) if was_told and is_news else first


def _is_about_what_comes(notice: Notice) -> bool:
    return bool(notice.waiting) or notice.closed or notice.announces()
