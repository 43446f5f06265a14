"""The calendar feed of a resource: busy times for who has its token, and nothing that tells who."""

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from services.scheduling.views.feeds import feed, make_token
from shared.web.problems import Problem
from tests.builders import a_case, a_programme
from tests.calendars import TAP
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def offered(scheduling: Scheduling) -> tuple[Any, Any]:
    """An offered appointment and its desk."""
    case = a_case()
    await scheduling.receive(a_programme(), case)
    live = await scheduling.live(case)
    desk = await scheduling.rows(
        "select distinct s.resource_id from slot_claims c join slots s on s.id = c.slot_id where c.appointment_id = :id",
        id=live.id,
    )
    return live, desk[0].resource_id


async def token_of(scheduling: Scheduling, desk: Any) -> str:
    made = await scheduling.do(lambda uow: make_token(uow, TAP, desk, made_by="scheduler"))
    return str(made["token"])


async def test_a_feed_shows_when_a_desk_is_busy_at_the_sites_clock_and_never_who(scheduling: Scheduling) -> None:
    live, desk = await offered(scheduling)
    token = await token_of(scheduling, desk)

    ics = await scheduling.do(lambda uow: feed(uow, TAP, desk, token))

    calendar = Calendar.from_ical(ics)
    [event] = calendar.walk("VEVENT")
    assert (event.decoded("dtstart").replace(tzinfo=None), str(event["summary"])) == (live.wall_time, "Busy")
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=live.claimed_minutes)
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["America/Mexico_City"]
    assert not any(secret in ics.decode() for secret in (live.case_ref, str(live.id), token))


async def test_a_feed_answers_only_to_its_newest_token_and_only_its_hash_is_kept(scheduling: Scheduling) -> None:
    _, desk = await offered(scheduling)
    old = await token_of(scheduling, desk)
    new = await token_of(scheduling, desk)

    for token in (old, "", "x" * 43):
        with pytest.raises(Problem) as refused:
            await scheduling.do(feed, TAP, desk, token)
        assert (refused.value.status, refused.value.code) == (404, "feed_unknown")
    assert await scheduling.do(feed, TAP, desk, new)
    kept = await scheduling.rows("select token_hash from calendar_tokens")
    assert [new.encode() in bytes(row.token_hash) for row in kept] == [False]


async def test_a_desk_of_another_site_has_no_feed_here(scheduling: Scheduling) -> None:
    _, desk = await offered(scheduling)
    token = await token_of(scheduling, desk)

    with pytest.raises(Problem):
        await scheduling.do(lambda uow: feed(uow, "MX-TIJ-01", desk, token))
    with pytest.raises(Problem):
        await scheduling.do(lambda uow: make_token(uow, "MX-TIJ-01", desk, made_by="ops"))
