"""What goes along when a case gets another appointment, and what the staff of its site are asked to arrange then."""

from collections.abc import Sequence
from typing import NamedTuple

from services.scheduling.domain.own_needs import answer_by, given_by, needless
from services.scheduling.repository import coming, own_needs, slots
from services.scheduling.repository.known_case import KnownCase
from services.scheduling.repository.own_needs import Lacking
from shared.db import UnitOfWork
from shared.events import Appointment


class Made(NamedTuple):
    """A case's new appointment, and the one that it takes the place of, if any."""

    case: KnownCase
    made: Appointment
    ended: Appointment | None

    @property
    def is_same_date(self) -> bool:
        """True when it is at the very site and time of the one before."""
        before = self.ended
        return before is not None and (before.site, before.starts_at) == (self.made.site, self.made.starts_at)


async def follow(uow: UnitOfWork, made: Sequence[Made]) -> None:
    """What staff were asked and answered, and who was said to come, stays with a date; what a new place lacks of what its
    household asks for becomes a request to its staff. The places are claimed already."""
    same = [(each.ended.id, each.made.id) for each in made if each.ended and each.is_same_date]
    if same:
        await own_needs.follow(uow, same)
        await coming.follow(uow, same)
    asking = [each for each in made if each.case.own.codes]
    if asking:
        ids = [each.made.id for each in asking]
        held, answered = await slots.resources_held(uow, ids), await own_needs.answered_about(uow, ids)
        lacking = {
            id: each.case.own.codes - given_by(held[id]) - answered.get(id, set()) - needless(each.made.party)
            for id, each in zip(ids, asking, strict=True)
        }
        await own_needs.require(uow, [_lacking(uow, each, lacking[each.made.id]) for each in asking])


def _lacking(uow: UnitOfWork, each: Made, needs: frozenset[str]) -> Lacking:
    due_at = answer_by(uow.now, each.made.starts_at)
    return Lacking(each.case.case_ref, each.made.id, tuple(sorted(needs)), due_at)
