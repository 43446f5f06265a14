"""How a case can stand, for the tests of the portal's pages."""

from typing import Any
from uuid import uuid4

from services.scheduling.repository.known_case import KnownCase
from services.scheduling.web.interview import Standing
from services.scheduling.web.presented import Site
from shared import tracing
from shared.events import CaseState
from shared.outbox import Cause
from tests.builders import a_case, a_programme
from tests.unit.notifications_builders import an_appointment

SITES = {"MX-TAP-01": Site("COMAR Centro Multiservicios", "Tapachula", "Calle Central 12", illustrative=False)}
OFFER = an_appointment("pending")


def a_standing(waiting: str | None = None, **changes: Any) -> Standing:
    """A case that stands so, without an appointment unless one is given as `live`."""
    snapshot = a_case(state=changes.pop("state", CaseState.ELIGIBLE))
    case = KnownCase(
        case_ref=snapshot.case_ref,
        version=1,
        system="mx",
        snapshot=snapshot,
        waiting=waiting,
        offers_missed=0,
        calendar_uid=uuid4(),
        overdue_since=changes.pop("overdue_since", None),
        cause=Cause(None, "c", tracing.new_root()),
        live=changes.pop("live", None),
        live_made_in=None,
        live_made_at=None,
        held=None,
        ended=changes.pop("ended", None),
    )
    usual: dict[str, Any] = {"rank": None, "due_on": None, "lacks": None, "moves": 0}
    return Standing(case=case, programme=a_programme(), sites=SITES, **{**usual, **changes})
