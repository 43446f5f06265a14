"""Where a household believes that its date is, by what it was told."""

from collections.abc import Collection

from services.notifications.domain.notice import NoticeState, PastNotice


def told_of_another(past: Collection[PastNotice], site: str, place: str | None) -> PastNotice | None:
    """The last notice that surely told the household where this site is, when that, or what may have told it since, is another
    place than this one; None when it knows, was told nothing, or the place is not known here yet. `past`: oldest first."""
    told = [each for each in past if each.may_have_arrived and each.place and _is_at(each, site)]
    sure = [n for n, each in enumerate(told) if each.state is NoticeState.SENT]
    since = told[sure[-1] :] if sure else told
    return since[0] if place and any(each.place != place for each in since) else None


def _is_at(each: PastNotice, site: str) -> bool:
    return each.notice.announces() and each.notice.appointment is not None and each.notice.appointment.site == site
