"""What other services have published, as far as messages need it."""

from collections.abc import Collection, Sequence

from services.notifications.domain.reminders import date_of, first_moment
from shared import tracing
from shared.db import UnitOfWork, as_json
from shared.events import CaseScheduled, ProgrammeChanged, SiteChanged
from shared.places import in_one_line

STORE_CASES = """
insert into cases as c (case_ref, version, system, programme, snapshot, remind_at, remind_of)
select case_ref, version, system, programme, snapshot, remind_at, remind_of
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  case_ref text, version bigint, system text, programme text, snapshot jsonb, remind_at timestamptz, remind_of text)
order by case_ref
on conflict (case_ref) do update set version = excluded.version, programme = excluded.programme, snapshot = excluded.snapshot,
  remind_at = case when c.remind_of is distinct from excluded.remind_of then excluded.remind_at else c.remind_at end,
  remind_of = excluded.remind_of
"""

STORE_SITES = """
insert into sites as s (site, version, snapshot, traceparent)
select site, version, snapshot, traceparent
from jsonb_to_recordset(cast(:rows as jsonb)) as r(site text, version bigint, snapshot jsonb, traceparent text)
order by site
on conflict (site) do update set version = excluded.version, snapshot = excluded.snapshot,
  traceparent = excluded.traceparent,
  tell_after = case when s.snapshot -> 'name' is distinct from excluded.snapshot -> 'name'
    or s.snapshot -> 'address' is distinct from excluded.snapshot -> 'address'
    or s.snapshot -> 'city' is distinct from excluded.snapshot -> 'city' then '' else s.tell_after end
"""

STORE_PROGRAMMES = """
insert into programmes (programme, version, title)
select programme, version, title
from jsonb_to_recordset(cast(:rows as jsonb)) as r(programme text, version bigint, title text)
order by programme
on conflict (programme) do update set version = excluded.version, title = excluded.title
"""


async def store_cases(uow: UnitOfWork, snapshots: Sequence[CaseScheduled]) -> None:
    """Keeps the newest snapshot of each case and locks its row until the end of the transaction, in order. When to remind of
    a date counts from when it was first heard of."""
    rows = [
        {
            "case_ref": each.case_ref,
            "version": each.version,
            "system": each.system,
            "programme": each.programme,
            "snapshot": (snapshot := each.model_dump(mode="json", exclude_none=True)),
            "remind_at": first_moment(each, uow.now),
            "remind_of": "{site} {starts_at}".format(**snapshot["appointment"]) if date_of(each) else None,
        }
        for each in snapshots
    ]
    await uow.execute(STORE_CASES, rows=as_json(rows))


async def store_sites(uow: UnitOfWork, sites: Sequence[SiteChanged]) -> None:
    """Keeps the newest snapshot of each site. Where one has another name, address or city, all who have a date there are looked
    at from the first on (repository/places.py)."""
    rows = [
        {
            "site": each.site,
            "version": each.version,
            "snapshot": each.model_dump(mode="json", exclude_none=True),
            "traceparent": tracing.to_traceparent(uow.cause_of(each).context),
        }
        for each in sites
    ]
    await uow.execute(STORE_SITES, rows=as_json(rows))


async def store_programmes(uow: UnitOfWork, programmes: Sequence[ProgrammeChanged]) -> None:
    rows = [{"programme": each.programme, "version": each.version, "title": each.title} for each in programmes]
    await uow.execute(STORE_PROGRAMMES, rows=as_json(rows))


async def sites_named(uow: UnitOfWork, names: Collection[str]) -> dict[str, SiteChanged]:
    """The known ones among these sites, by name."""
    rows = await uow.rows("select snapshot from sites where site = any(:names)", names=list(names))
    sites = [SiteChanged.model_validate(row.snapshot) for row in rows]
    return {site.site: site for site in sites}


def place_of(site: SiteChanged) -> str:
    """Where the site is, in the one line that messages say it in."""
    return in_one_line(site.name, site.address, site.city)
