"""The case as the other services hear of it: no name, no birth date, no identifier, no contact."""

from dataclasses import asdict

from services.intake.domain import cases
from services.intake.domain.results import Reported
from services.intake.repository.documents import KnownCase
from shared.events import CASE_EVENTS, CaseChanged, CaseLanguage, CaseState, Party, Reachable
from shared.events.eligibility import EligibilityResult

REFERRED = "referred"
"""The reason for which a case is withdrawn whose household went on to another country's programme."""


def case_changed(reported: Reported, result: EligibilityResult, state: str, case: KnownCase) -> CaseChanged:
    """The event that says what is now true of the case.

    Whatever its country says later, a household that went on has its one case there, and each was registered when that was
    said first, also where it came from: a case that is issued anew keeps its place in line.
    """
    went_on = case.referred_to is not None
    now = CaseState.WITHDRAWN if went_on else CaseState(state)
    return CASE_EVENTS[now](
        version=case.version,
        case_ref=case.case_ref,
        system=result.system,
        state=now,
        reason=REFERRED if went_on else cases.reason_code(reported),
        revision=result.revision,
        programme=result.programme,
        party=Party(**asdict(cases.party_size(reported))),
        sites=result.sites,
        admin_area=result.admin_area,
        languages=tuple(
            CaseLanguage(tag=each.tag or "", mode=each.mode or "", interpreter=bool(each.interpreter))
            for each in cases.languages(reported)
        ),
        needs=tuple(cases.needs(reported)),
        urgency=result.urgency,
        registered_at=min(case.registered_at or result.registered_at, result.registered_at),
        valid_until=result.valid_until,
        referrer=result.referred_by.kind,
        reachable=Reachable(cases.reachable(reported.contact)) if reported.contact else Reachable.NO,
        locale=result.contact.locale,
        referred_from=case.referred_from,
    )
