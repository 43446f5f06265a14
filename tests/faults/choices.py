"""Choices under keys while the service that carries them out is killed, and what must be true of their answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from shared.web.authorities import authorities
from tests.e2e.households import a_household
from tests.e2e.running import eventually
from tests.faults.rough import Rough

PROGRAMMES = {"MX-TVR": 3, "MX-TVH": 12}
"""Where households choose, windows and desks, and among how many times: too few for all, so that they fight for them."""

HOUSEHOLDS = 45
"""Under each programme."""

SOME = 5
"""Answers there are before the kill."""

A_MOMENT = 0.02
"""Seconds in which all that the service sent before it was stopped arrives, at the database and at who asked."""

A_STEP = 0.002
"""Seconds of work between two such moments."""

CAN_CHOOSE = "select count(*) as n from cases where case_ref = any($1) and waiting = 'awaiting_choice'"

MADE = "select case_ref, id::text from appointments where case_ref = any($1)"

SAID = """
select key as case_ref, value::jsonb -> 'appointment' ->> 'id' as id from outbox
where topic = 'scheduling.cases' and key = any($1) and value::jsonb -> 'appointment' ->> 'status' = 'booked'
"""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: 200 and the case as it was then, or the code of a refusal."""

    status: int
    case: Any = None
    code: str | None = None

    @property
    def appointment(self) -> str | None:
        """The id of what is booked by it."""
        return self.case["appointment"]["id"] if self.case else None


@dataclass(frozen=True, slots=True)
class Choice:
    """One household's choice. `before`: what it was told before the kill, None when no answer came; `stood`: what it
    had, although it may not know, when the service was back; `is_let_go`: staff let that go before it asked again; `again`:
    what it was told then; `made`: every appointment that it ever got, `said`: those that were published as booked."""

    case_ref: str
    slot_id: int
    key: str
    before: Told | None = None
    stood: tuple[str, ...] = ()
    is_let_go: bool = False
    again: Told | None = None
    made: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def is_lost_answer(self) -> bool:
        """It was carried out, and nobody heard of it."""
        return self.before is None and bool(self.stood)


async def killed_in_the_middle(rough: Rough, random: Random) -> list[Choice]:
    """Choices of which some were answered when the service was killed; all were sent again under their keys when it was
    back, of some only after staff had let go what was booked."""
    async with _client(rough) as client:
        asked = await _choosers(rough, client)
        random.shuffle(asked)
        asked = await _until_killed(rough, client, asked)
        await rough.stack.wait_ready("scheduling")
        stood = await _stored(rough, asked, MADE)
        asked = [
            replace(each, stood=ids, is_let_go=bool(ids) and n % 3 == 0)
            for n, (each, ids) in enumerate(zip(asked, stood, strict=True))
        ]
        await asyncio.gather(*(rough.answer_offer(each.case_ref, "decline") for each in asked if each.is_let_go))
        answers = await asyncio.gather(*(_ask(client, each) for each in asked))
    made, said = await _stored(rough, asked, MADE), await _stored(rough, asked, SAID)
    return [
        replace(each, again=again, made=made_for, said=said_of)
        for each, again, made_for, said_of in zip(asked, answers, made, said, strict=True)
    ]


def broken_promises(choices: Sequence[Choice]) -> dict[str, list[str]]:
    """Each promise that was broken, with the references of whom it was broken to."""
    found: dict[str, Iterator[Choice]] = {
        "what was answered is answered again": (c for c in choices if c.before and c.before != c.again),
        "what was carried out is answered": (c for c in choices if c.stood and c.stood != _ids(c.again)),
        "a household is booked once": (c for c in choices if len(c.made) > 1),
        "what is answered is what is booked": (c for c in choices if c.made != _ids(c.again)),
        "what is booked is said once": (c for c in choices if c.said != c.made),
        "a refusal says that the place is gone": (c for c in choices if _is_other_refusal(c.again)),
    }
    broken = {promise: [choice.case_ref for choice in choices] for promise, choices in found.items()}
    return {promise: refs for promise, refs in broken.items() if refs}


def _ids(told: Told | None) -> tuple[str, ...]:
    return (told.appointment,) if told and told.appointment else ()


def _is_other_refusal(told: Told | None) -> bool:
    return told is None or (told.status != 200 and (told.status, told.code) != (409, "place_taken"))


@asynccontextmanager
async def _client(rough: Rough) -> AsyncIterator[httpx.AsyncClient]:
    """Everyone has a connection of its own."""
    async with httpx.AsyncClient(
        base_url=rough.config["services"]["scheduling"],
        headers={"Authorization": f"Bearer {rough.config['tokens']['assistant']}"},
        limits=httpx.Limits(max_connections=None),
        timeout=30,
        verify=authorities(),
    ) as client:
        yield client


async def _choosers(rough: Rough, client: httpx.AsyncClient) -> list[Choice]:
    """Households with the time that each of them wants, each with a key of its own."""
    choices = []
    for programme, times in PROGRAMMES.items():
        refs = await rough.accepted(*(a_household(programme) for _ in range(HOUSEHOLDS)))
        await eventually(partial(_all_can_choose, rough, refs))
        shown = (await client.get(f"/v1/cases/{refs[0]}/slots")).raise_for_status().json()
        wanted = cycle([place["slot_id"] for place in shown][:times])
        choices += [Choice(ref, slot, str(uuid4())) for ref, slot in zip(refs, wanted, strict=False)]
    return choices


async def _all_can_choose(rough: Rough, refs: list[str]) -> bool:
    [row] = await rough.rows("scheduling", CAN_CHOOSE, refs)
    return len(refs) == int(row["n"])


async def _until_killed(rough: Rough, client: httpx.AsyncClient, asked: Sequence[Choice]) -> list[Choice]:
    """All ask at once. The service is stopped again and again for a moment, and killed at the first one in which some were
    answered and something that was not is carried out."""
    told: dict[str, Told | None] = {}

    async def one(choice: Choice) -> Choice:
        told[choice.case_ref] = answer = await _ask(client, choice)
        return replace(choice, before=answer)

    asking = asyncio.gather(*(one(each) for each in asked))
    while not asking.done():
        rough.stack.pause("scheduling")
        await asyncio.sleep(A_MOMENT)
        refs = [each.case_ref for each in asked]
        unheard = {row["case_ref"] for row in await rough.rows("scheduling", MADE, refs)} - told.keys()
        if len(told) >= SOME and unheard:
            rough.stack.kill("scheduling")
        rough.stack.resume("scheduling")
        await asyncio.sleep(A_STEP)
    return await asking


async def _ask(client: httpx.AsyncClient, choice: Choice) -> Told | None:
    """None when no answer came."""
    try:
        answer = await client.post(
            f"/v1/cases/{choice.case_ref}/appointment",
            json={"slot_id": choice.slot_id},
            headers={"Idempotency-Key": choice.key},
        )
    except httpx.TransportError:
        return None
    document = answer.json()
    return Told(200, document) if answer.status_code == 200 else Told(answer.status_code, code=document["code"])


async def _stored(rough: Rough, asked: Sequence[Choice], sql: str) -> list[tuple[str, ...]]:
    """The ids that the question gives for the case of each."""
    rows = await rough.rows("scheduling", sql, [each.case_ref for each in asked])
    return [tuple(row["id"] for row in rows if row["case_ref"] == each.case_ref) for each in asked]
