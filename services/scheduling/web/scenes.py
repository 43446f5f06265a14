"""What may be said aloud: the pages that can be heard, in every state in which a household meets them."""

from collections.abc import Iterator
from typing import Any

from services.scheduling.domain.letters import Verdict
from services.scheduling.domain.logins import CODE_HOLDS
from services.scheduling.web.aloud import Aloud
from services.scheduling.web.interview import InterviewPage
from services.scheduling.web.my_interview import CAUSES
from shared.languages import Catalogue

MINUTES = str(int(CODE_HOLDS.total_seconds() // 60))
TYPED_WRONG = ("case.error.empty", "case.error.form")
ACTIONS = ("accept", "places", "again", "extend", "decline")
APPOINTED = {
    "offered": True,
    "over": True,
    "booked": True,
    "arrived": True,
    "past": True,
    "waiting": False,
    "done": False,
    "closed": False,
}
"""The states of a case, and whether it has an appointment then."""
NEXT = ("why.", "next.", "ended.", "mine.illustrative", "coming.said", "request.")
"""How ids begin of what `my-interview` says of a case; not all of it stands on one page."""

Scene = tuple[str, dict[str, Any]]


def scenes(catalogue: Catalogue) -> Iterator[Scene]:
    """Names of templates with what they are given; of each page the first one is how it is before anything was typed."""
    yield "start", {}
    for error in (None, *TYPED_WRONG):
        yield "case", {"error": error}
    yield "case", {"was_logged_out": True}
    for error in (None, *_ids(catalogue, "code.error.")):
        yield "code", {"minutes": MINUTES, "error": error}
    yield from _letter_checks()
    yield from _case(catalogue)


def _letter_checks() -> Iterator[Scene]:
    usual: dict[str, Any] = {"words": {}, "sites": []}
    for error in (None, "verify.error.empty"):
        yield "verify", {**usual, "error": error}
    for verdict in Verdict:
        yield "verify", {**usual, "verdict": verdict, "rows": [{}]}
    yield "asked", {}
    for error in TYPED_WRONG:
        yield "asked", {"error": error, "field": "reference"}
    yield "asked", {"error": "asked.error.year", "field": "year"}
    for answer in ("yes", "no"):
        yield "asked", {"answer": answer}


def _case(catalogue: Catalogue) -> Iterator[Scene]:
    for page in ("accept", "extend"):
        yield page, {"page": {}}
    for replaced in (None, "…"):
        yield "choose", {"replaces": replaced}
    yield "choose", {"has_it": True}
    causes = [{"value": cause, "text": catalogue.text(f"cause.{cause}")} for cause in CAUSES]
    for state in ("offered", "booked"):
        for error in (None, "cause.error"):
            yield "decline", {"page": {"state": state}, "causes": causes, "error": error}
    for state, has_appointment in APPOINTED.items():
        yield "my-interview", {"page": _interview(state, catalogue, has_appointment=has_appointment)}
    for refusal in _ids(catalogue, "changed."):
        waiting = _interview("waiting", catalogue, has_appointment=False)
        yield "my-interview", {"page": waiting, "changed": catalogue.text(refusal)}


def _interview(state: str, catalogue: Catalogue, *, has_appointment: bool) -> InterviewPage:
    said = tuple(map(Aloud(catalogue.language, catalogue.texts).text, _ids(catalogue, *NEXT)))
    heading = catalogue.text(f"mine.{state}")
    live = "an appointment" if has_appointment else None
    return InterviewPage(state, heading, (), said, said, ACTIONS, live, may_ask=True, may_say=True)


def _ids(catalogue: Catalogue, *beginnings: str) -> tuple[str, ...]:
    return tuple(key for key in catalogue.texts if key.startswith(beginnings))
