"""Why a need finds no place: something that no resource could ever give it, or only no time that is free."""

from collections.abc import Iterable, Sequence

from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.needs import SIGNED, Accommodation, Need
from services.scheduling.domain.places import Resource

WITHOUT: dict[str, Waiting] = {
    Accommodation.WHEELCHAIR: Waiting.NO_WHEELCHAIR,
    Accommodation.STEP_FREE: Waiting.NO_STEP_FREE,
    Accommodation.HEARING_LOOP: Waiting.NO_HEARING_LOOP,
    Accommodation.QUIET_ROOM: Waiting.NO_QUIET_ROOM,
    Accommodation.FEMALE_OFFICER: Waiting.NO_FEMALE_OFFICER,
    Accommodation.HEARD_APART: Waiting.NOT_HEARD_APART,
    Accommodation.FEMALE_INTERPRETER: Waiting.NO_FEMALE_INTERPRETER,
    SIGNED: Waiting.NO_SIGN_INTERPRETER,
}
"""Why a case waits when nobody gives this; a test sees that no accommodation is left out."""


def why_none(need: Need, resources: Iterable[Resource]) -> Waiting:
    """Why no place was found. What can be met together is looked at in a fixed order: what the desks must give, whether
    members can be heard apart, the interpreter's languages, what else is asked of the interpreter. The first thing that
    nobody has beside all those before it is the reason; if there is none, only time is lacking.
    """
    known = list(resources)
    desks = [resource for resource in known if resource.hears(need)]
    if not desks:
        return Waiting.NO_CAPACITY
    asked = frozenset.intersection(*(setting.accommodations for setting in need.settings))
    lacking, desks = _lacking(asked, desks)
    if lacking:
        return WITHOUT[lacking]
    desks = _that_suffice(need, desks)
    if not desks:
        return Waiting.NOT_HEARD_APART
    return _why_no_interpreter(need, desks, known) if need.languages else Waiting.NO_CAPACITY


def _lacking(asked: Iterable[str], resources: list[Resource]) -> tuple[str | None, list[Resource]]:
    """The first of these that nobody gives beside all those before it, and those who give all up to there."""
    for code in sorted(asked):
        giving = [resource for resource in resources if code in resource.accommodations]
        if not giving:
            return code, resources
        resources = giving
    return None, resources


def _that_suffice(need: Need, desks: Sequence[Resource]) -> list[Resource]:
    """The desks at sites where one of the need's settings is possible when nobody else is there."""
    able = set()
    for setting in need.settings:
        giving = [desk.site for desk in desks if desk.accommodations.issuperset(setting.accommodations)]
        able |= {site for site in giving if giving.count(site) >= setting.desks}
    return [desk for desk in desks if desk.site in able]


def _why_no_interpreter(need: Need, desks: Sequence[Resource], known: Sequence[Resource]) -> Waiting:
    able = [
        resource
        for resource in known
        if resource.kind == "interpreter"
        and resource.languages.issuperset(need.languages)
        and any(resource.serves(desk) for desk in desks)
    ]
    if not able:
        return Waiting.NO_INTERPRETER
    lacking, _ = _lacking(need.interpreter, able)
    return WITHOUT.get(lacking, Waiting.NO_INTERPRETER) if lacking else Waiting.NO_CAPACITY
