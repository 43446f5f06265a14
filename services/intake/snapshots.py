"""The case as the other services hear of it: no name, no birth date, no identifier, no contact."""

from dataclasses import asdict

from services.intake.domain import cases
from services.intake.domain.results import Reported
from shared.events import CASE_EVENTS, CaseChanged, CaseLanguage, CaseState, Party, Reachable
from shared.events.eligibility import EligibilityResult


def case_changed(reported: Reported, result: EligibilityResult, state: str, case_ref: str, version: int) -> CaseChanged:
    """The event that says what is now true of the case."""
    return CASE_EVENTS[CaseState(state)](
        version=version,
        case_ref=case_ref,
        system=result.system,
        state=CaseState(state),
        reason=cases.reason_code(reported),
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
        registered_at=result.registered_at,
        valid_until=result.valid_until,
        referrer=result.referred_by.kind,
        reachable=Reachable(cases.reachable(reported.contact)) if reported.contact else Reachable.NO,
        locale=result.contact.locale,
    )
