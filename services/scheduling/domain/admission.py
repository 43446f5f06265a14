"""Who gets what, decided on slots that are locked: the last word before the claim is written."""

from collections.abc import Mapping, Sequence

from services.scheduling.domain.places import Place


def admit(places: Sequence[Place], left: Mapping[int, int]) -> tuple[list[Place], list[Place]]:
    """Winners and losers, in the order given. A household gets every slot of its place or none.

    `left` is what the lock returned: units still free, by slot. A slot that is not in it does not exist any more.
    """
    free = dict(left)
    winners, losers = [], []
    for place in places:
        if all(slot in free and free[slot] >= units for slot, units in place.net):
            for slot, units in place.net:
                free[slot] -= units
            winners.append(place)
        else:
            losers.append(place)
    return winners, losers
