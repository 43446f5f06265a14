"""A resource's busy times as an iCalendar feed: when, and how full; never who."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from icalendar import Calendar, Event, Timezone

from services.scheduling.domain.opening import AHEAD
from services.scheduling.domain.places import STEP
from services.scheduling.repository import feeds
from shared.clock import zone_named
from shared.db import UnitOfWork
from shared.web.problems import Problem


async def make_token(uow: UnitOfWork, site: str, id: UUID, *, made_by: str) -> dict[str, Any]:
    """A new token of the resource's feed, shown this once; an older one is worth nothing any more. Raises: Problem 404."""
    token = secrets.token_urlsafe(32)
    if not await feeds.keep_token(uow, site, id, token_hash=_hash(token), made_by=made_by):
        raise Problem(404, "resource_unknown", "the site has no resource with this id: read them again")
    return {"token": token, "path": f"/v1/sites/{site}/resources/{id}/calendar.ics?token={token}"}


async def feed(uow: UnitOfWork, site: str, id: UUID, token: str) -> bytes:
    """The busy times of the next 90 days. Raises: Problem 404, the same for a wrong token and for no feed at all."""
    resource = await feeds.feed_of(uow, site, id)
    if resource is None or not hmac.compare_digest(resource.token_hash, _hash(token)):
        raise Problem(404, "feed_unknown", "no calendar has this address: ask a scheduler for a new one")
    calendar = Calendar()
    calendar.add("prodid", "-//Puente//Busy times//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"{site} {resource.name}")
    calendar.add_component(_time_zone(resource.zone, uow.now.date()))
    for time in _together(await feeds.busy(uow, id, uow.now + AHEAD), STEP[resource.kind]):
        calendar.add_component(_busy(time, resource, uow.now))
    return bytes(calendar.to_ical())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _together(slots: Sequence[Any], width: timedelta) -> Iterator[list[Any]]:
    """Slots that follow one another and are held by the same make one busy time."""
    run: list[Any] = []
    for slot in slots:
        if run and (slot.holders != run[-1].holders or slot.starts_at != run[-1].starts_at + width):
            yield run
            run = []
        run.append(slot)
    if run:
        yield run


def _busy(time: list[Any], resource: Any, now: datetime) -> Event:
    """The UID stays as long as the same hold the time, and says nothing of them."""
    zone, width = zone_named(resource.zone), STEP[resource.kind]
    event = Event()
    event.add("uid", str(uuid5(resource.id, f"{time[0].starts_at.isoformat()} {' '.join(time[0].holders)}")))
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", time[0].starts_at.astimezone(zone))
    event.add("dtend", (time[-1].starts_at + width).astimezone(zone))
    of_many = f": {max(slot.units for slot in time)} of {time[0].capacity}"
    event.add("summary", "Busy" if time[0].capacity == 1 else f"Busy{of_many}")
    event.add("class", "PRIVATE")
    return event


def _time_zone(zone: str, today: date) -> Timezone:
    """The zone's rules around the next 90 days, from the packaged data and not from the reader's machine."""
    first, last = today - timedelta(days=366), today + timedelta(days=2 * 366)
    return Timezone.from_tzinfo(zone_named(zone), tzid=zone, first_date=first, last_date=last)
