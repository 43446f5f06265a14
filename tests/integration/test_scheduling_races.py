"""Several people at one case in the same moment: one of them is right, the others are told, and nothing is held twice."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.scheduling import commands
from services.scheduling.jobs import Jobs
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.repository import cases as cases_repository
from services.scheduling.views.cases import known
from shared.clock import FixedClock
from shared.db import UnitOfWork, is_lost_race
from shared.events import CaseChanged, Party
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.conftest import MakeDatabase
from tests.scheduling import OnlyOnce, Scheduling

ROUNDS = 200 if os.environ.get("PUENTE_FAULTS") == "long" else 10


async def offered(scheduling: Scheduling, **changes: Any) -> CaseChanged:
    case = a_case(**changes)
    await scheduling.receive(case)
    return case


async def booked(scheduling: Scheduling) -> tuple[CaseChanged, Any]:
    case = await offered(scheduling)
    await scheduling.accept(case, "assistant")
    return case, await scheduling.live(case)


async def make_room(scheduling: Scheduling) -> None:
    """Desks have room for every round."""
    for change in (
        "update resources set capacity = :n where kind = 'desk'",
        "update slots set capacity = :n where kind = 'desk'",
    ):
        await scheduling.execute(change, n=ROUNDS)


async def two_slots(scheduling: Scheduling, case: CaseChanged) -> tuple[int, int]:
    async def read(uow: UnitOfWork) -> tuple[int, int]:
        shown = await places_of(uow, await known(uow, case.case_ref), Span(uow.now, uow.now + days(14)))
        return shown[-1].claims[0][0], shown[-9].claims[0][0]

    return await scheduling.do(read)


async def at_once(*asked: Awaitable[None]) -> list[str]:
    """What each was answered: `done`, the code of a refusal, or `lost the race` when nothing was tried again."""

    async def one(command: Awaitable[None]) -> str:
        try:
            await command
        except Problem as refusal:
            return refusal.code
        except Exception as error:
            if is_lost_race(error):
                return "lost the race"
            raise
        return "done"

    return list(await asyncio.gather(*(one(command) for command in asked)))


async def test_a_household_moves_it_cancels_and_staff_move_it_at_once(scheduling: Scheduling) -> None:
    await make_room(scheduling)
    for _ in range(ROUNDS):
        case, _ = await booked(scheduling)
        ref, (far, farther) = case.case_ref, await two_slots(scheduling, case)

        answers = await at_once(
            scheduling.do(commands.move, ref, far, "assistant"),
            scheduling.do(commands.cancel, ref, "applicant-unable", "assistant"),
            scheduling.do(commands.move, ref, farther, "scheduler"),
        )

        assert answers[1] == "done"
        assert {answers[0], answers[2]} <= {"done", "nothing_booked", "place_taken"}
        assert await scheduling.waiting(case) == "declined"
        changes = (await scheduling.published(case))[2:]
        assert len(changes) == answers.count("done")


async def test_of_two_officers_who_say_different_things_one_is_believed(scheduling: Scheduling) -> None:
    await make_room(scheduling)
    for _ in range(ROUNDS):
        _, appointment = await booked(scheduling)
        scheduling.clock.instant = appointment.starts_at + timedelta(minutes=31)

        answers = await at_once(
            scheduling.do(commands.arrive, appointment.id, "officer"),
            scheduling.do(commands.miss, appointment.id, "officer"),
            scheduling.do(commands.arrive, appointment.id, "scheduler"),
        )

        status = (await scheduling.appointment(appointment.id)).status
        assert (status, answers) in [
            ("arrived", ["done", "wrong_state", "done"]),
            ("noshow", ["wrong_state", "done", "wrong_state"]),
        ]
        scheduling.clock.instant = NOW


async def accept_while_it_expires(scheduling: Scheduling) -> tuple[str, Any]:
    """The answer of an acceptance in the last moment, while the job finds the deadline passed; and the offer after it."""
    case = await offered(scheduling)
    offer = await scheduling.live(case)
    scheduling.clock.instant = offer.deadline - timedelta(microseconds=1)
    jobs = Jobs(scheduling.database, FixedClock(offer.deadline))

    answers, [failed] = await asyncio.gather(
        at_once(scheduling.accept(case, "assistant")),
        asyncio.gather(jobs.expire_offers(), return_exceptions=True),
    )
    if isinstance(failed, BaseException) and not is_lost_race(failed):
        raise failed

    scheduling.clock.instant = NOW
    return answers[0], await scheduling.appointment(offer.id)


async def test_an_offer_accepted_at_its_deadline_is_booked_or_expired_and_the_answer_says_which(
    scheduling: Scheduling,
) -> None:
    for _ in range(ROUNDS):
        answer, offer = await accept_while_it_expires(scheduling)

        assert (answer, offer.status, offer.reason) in {
            ("done", "booked", None),
            ("no_open_offer", "cancelled", "offer-expired"),
        }


async def test_batches_that_want_the_same_places_at_once_do_not_wait_for_each_other_in_a_circle(
    scheduling: Scheduling,
) -> None:
    """A deadlock would be an error here: the runner hands a lost race to its consumer, and this test has none."""
    either = a_programme(version=2, base_minutes=15, per_adult_minutes=15, sites=("MX-TAP-01", "MX-TIJ-01"))
    await scheduling.receive(either)
    dice = random.Random(4)

    for _ in range(ROUNDS // 2):
        batches = [[a_case(**any_household(dice)) for _ in range(20)] for _ in range(4)]
        await asyncio.gather(*(scheduling.receive(*batch) for batch in batches))


def any_household(dice: random.Random) -> dict[str, Any]:
    adults = dice.randint(1, 4)
    sites = dice.choice([("MX-TAP-01",), ("MX-TIJ-01",), ()])
    return {"party": Party(attendees=adults, adults=adults, children=0), "sites": sites}


# Controls


@pytest_asyncio.fixture(loop_scope="session")
async def unlocked(
    new_database: MakeDatabase, scheduling_template: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scheduling]:
    """Cases are read without a lock, and everybody has read before anybody writes: rules may be broken at the end."""
    running = Scheduling(await new_database(scheduling_template))
    await running.receive(a_programme())
    locked = running.database
    read, both = cases_repository.read, asyncio.Barrier(2)

    async def with_another(uow: UnitOfWork, refs: Any) -> Any:
        found = await read(uow, refs)
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await both.wait()
        return found

    monkeypatch.setattr(cases_repository, "LOCK", cases_repository.LOCK.removesuffix(" for update"))
    monkeypatch.setattr(cases_repository, "read", with_another)
    running.database = OnlyOnce(locked.url)
    yield running
    await running.database.close()
    await locked.close()


async def test_control_without_the_lock_the_database_refuses_the_second_version(unlocked: Scheduling) -> None:
    answers = [await accept_while_it_expires(unlocked) for _ in range(5)]

    assert "lost the race" in {answer for answer, _ in answers}
    assert {offer.status for answer, offer in answers if answer == "done"} <= {"booked"}
    await unlocked.check()


async def test_control_without_the_lock_and_the_keys_two_truths_are_told(unlocked: Scheduling) -> None:
    await unlocked.do(
        lambda uow: uow.execute("alter table appointment_history drop constraint appointment_history_pkey")
    )
    await unlocked.do(lambda uow: uow.execute("alter table outbox drop constraint outbox_topic_key_sequence_key"))

    for _ in range(5):
        await accept_while_it_expires(unlocked)

    with pytest.raises(AssertionError, match="broken"):
        await unlocked.check()
