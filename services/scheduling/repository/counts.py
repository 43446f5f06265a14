"""What operations watch, by country: offers ever made, who waits, what is late. Offers are counted in shards, so that no two
batches wait for one row."""

import random
from collections.abc import Mapping

from services.scheduling.repository import own_needs, rebookings, stalled, unmet
from shared.db import UnitOfWork, as_json
from shared.events import System

SHARDS = 16

COUNT_OFFERS = """
insert into offer_counts as c (system, shard, offers)
select system, :shard, made from jsonb_to_recordset(cast(:rows as jsonb)) as r(system text, made bigint)
order by system
on conflict (system, shard) do update set offers = c.offers + excluded.offers
"""

OFFERS = "select system, sum(offers)::bigint as n from offer_counts group by system"
WAITING = "select system, count(*) as n from cases where waiting is not null group by system"


async def count_offers(uow: UnitOfWork, made: Mapping[str, int]) -> None:
    """Counts the offers that were made now, by country."""
    rows = [{"system": system, "made": n} for system, n in made.items()]
    await uow.execute(COUNT_OFFERS, rows=as_json(rows), shard=random.randrange(SHARDS))


async def by_country(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """By country: offers ever made, cases that wait now, households that are still to be rebooked, and those for whom
    there is no place: how many, not seen by anyone, too late, days since the oldest; requests to sites, open and late; and
    households that come no further without people, by why."""
    offers = {row.system: row.n for row in await uow.rows(OFFERS)}
    waiting = {row.system: row.n for row in await uow.rows(WAITING)}
    rebooking, without_place = await rebookings.to_do(uow), await unmet.counts(uow)
    adjustments, standing_still = await own_needs.counts(uow), await stalled.counts(uow)
    return {
        system.value: {
            "offers": offers.get(system, 0),
            "waiting": waiting.get(system, 0),
            "rebooking": rebooking.get(system, 0),
            **unmet.NONE,
            **without_place.get(system, {}),
            **own_needs.NONE,
            **adjustments.get(system, {}),
            **stalled.NONE,
            **standing_still.get(system, {}),
        }
        for system in System
    }
