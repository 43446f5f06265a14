"""What would become of a household's date if it asked for something, found out and then done."""

from dataclasses import dataclass, replace

from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.needs import LONGEST, Need, need_of
from services.scheduling.domain.opening import AHEAD
from services.scheduling.domain.own_needs import NOTHING, Effect, OwnNeeds, effect_of, for_people, given_by, lacking_at
from services.scheduling.domain.places import Place
from services.scheduling.domain.unmet import why_none
from services.scheduling.placing.choices import need_to_choose
from services.scheduling.repository import own_needs, reference, slots
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import ProgrammeChanged
from shared.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What becomes of the date. `place`: the one at the same site and time that has all that a place can have, where
    another desk or interpreter is needed. `lacking`: what staff are asked to arrange. `others`: another free date has
    all of it; None where none is looked for. `never`: what no place could give it."""

    effect: Effect
    place: Place | None = None
    lacking: tuple[str, ...] = ()
    others: bool | None = None
    never: Waiting | None = None


async def foresee(uow: UnitOfWork, case: KnownCase, own: OwnNeeds) -> Foreseen:
    """What becomes of the case's date if its household asks for just this; nothing is locked or changed."""
    asking = replace(case, own=own)
    programme = (await reference.programmes(uow, [case.snapshot.programme])).get(case.snapshot.programme)
    if programme is None:
        return await _without_programme(uow, case, own)
    areas = {site.site: site.admin_area for site in (await reference.sites(uow)).values()}
    need = need_of(asking.as_asked, programme, areas, uow.now)
    never = await _never(uow, need) if own != NOTHING else None
    if case.live is None or case.held is None:
        return Foreseen(Effect.SEARCHED, never=never)
    lacking = await _lacking(uow, case, own)
    people = for_people(own, need)
    only_people = tuple(code for code in lacking if code in people)
    fits = effect_of(case.held, need, lacking, can_stay=False) is Effect.STAYS
    place = None if fits else await _same_time(uow, asking, need)
    effect = effect_of(case.held, need, lacking, can_stay=place is not None)
    if effect is Effect.STAYS:
        return Foreseen(Effect.ASKED if only_people else effect, place, only_people)
    others = None if only_people else await _has_another(uow, asking, programme, areas)
    return Foreseen(effect, lacking=lacking, others=others, never=never)


async def _without_programme(uow: UnitOfWork, case: KnownCase, own: OwnNeeds) -> Foreseen:
    """What becomes of the date while nobody knows how long the interview is: no place is looked for, only staff asked."""
    if case.live is None:
        return Foreseen(Effect.SEARCHED)
    lacking = await _lacking(uow, case, own)
    return Foreseen(Effect.ASKED if lacking else Effect.STAYS, lacking=lacking)


async def _never(uow: UnitOfWork, need: Need) -> Waiting | None:
    """What no resource of the household's sites could ever give it."""
    reason = why_none(need, await slots.resources_of(uow, need.sites, with_remote=bool(need.languages)))
    return None if reason is Waiting.NO_CAPACITY else reason


async def _lacking(uow: UnitOfWork, case: KnownCase, own: OwnNeeds) -> tuple[str, ...]:
    """What staff would have to arrange for the case's date."""
    date = case.date
    requests = await own_needs.requests_about(uow, date.id)
    arranged = {code for row in requests if row.answer == "arranged" for code in row.needs}
    held = await slots.resources_held(uow, [date.id])
    return lacking_at(given_by(held[date.id]), own, arranged)


async def _same_time(uow: UnitOfWork, case: KnownCase, need: Need) -> Place | None:
    """A place for this need at the very site and time of the case's date, its own time counting as free for it."""
    live = case.date
    own = (await slots.own_time(uow, [live.id])).get(live.id)
    if own is None or live.site not in need.sites:
        return None
    resources = await slots.resources_of(uow, [live.site], with_remote=bool(need.languages))
    calendar = await slots.free_calendar(uow, resources, live.starts_at, live.starts_at + LONGEST)
    found = calendar.choose_instead(replace(need, sites=(live.site,)), own)
    return found if found and found.starts_at == live.starts_at else None


async def _has_another(
    uow: UnitOfWork, case: KnownCase, programme: ProgrammeChanged, areas: dict[str, str | None]
) -> bool:
    """True when a free date that the household could choose has all of it."""
    try:
        need = need_to_choose(case, programme, areas, uow.now)
    except Problem:
        return False
    resources = await slots.resources_of(uow, need.sites, with_remote=bool(need.languages))
    calendar = await slots.free_calendar(uow, resources, need.earliest, uow.now + AHEAD)
    return calendar.choose(need) is not None
