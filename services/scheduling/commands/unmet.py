"""What the authority does about a household for whom there is no place."""

from enum import StrEnum

from services.scheduling.commands.locked import locked
from services.scheduling.repository import unmet
from shared.db import UnitOfWork
from shared.web.problems import Problem


class Plan(StrEnum):
    """What the authority does about it. A fixed list, so that no note can say anything about a person."""

    MORE_CAPACITY = "more-capacity"
    INTERPRETER = "interpreter"
    ACCOMMODATION = "accommodation"
    OTHER_SITE = "other-site"
    REFERRAL = "referral"
    LONGER_VALIDITY = "longer-validity"


async def acknowledge(uow: UnitOfWork, case_ref: str, plan: Plan, acted_by: str) -> None:
    """Someone sees to it from now on. Raises: Problem 404, 409 for a case that lacks no place."""
    case = await locked(uow, case_ref)
    if not case.is_unmet:
        raise Problem(409, "not_without_a_place", "the case does not wait for want of a place: read it again")
    await unmet.acknowledge(uow, case_ref, acted_by, plan)
