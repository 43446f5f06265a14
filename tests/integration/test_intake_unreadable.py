"""A row that this release cannot read, as what a later one wrote before it was taken back: no other one waits for it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from services.intake.jobs import Jobs
from services.intake.referring import refer_cases
from services.intake.repository import tellings
from services.intake.repository.cases import contact_place
from shared.events import System
from tests.conftest import MakeDatabase
from tests.referred import Referred
from tests.unit.intake_builders import mx_row, sheet
from tests.unit.notifications_builders import a_referral, a_snapshot


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Referred]:
    running = Referred(await new_database(intake_template))
    yield running
    await running.close()


async def two_cases(intake: Referred) -> list[str]:
    """In the order in which jobs take them."""
    rows = [mx_row(folio=f"MX-2026-{number:06}") for number in (1, 2)]
    return sorted(str(each["case_ref"]) for each in await intake.receipts("mx", sheet(*rows).encode()))


async def test_the_others_expire(intake: Referred, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.jobs.AT_ONCE", 1)
    unreadable, _ = await two_cases(intake)
    await intake.execute("update cases set snapshot = snapshot - 'party' where case_ref = :ref", ref=unreadable)
    intake.clock.advance(timedelta(days=400))

    await Jobs(intake.database, intake.clock).expire_cases()

    states = [row.state for row in await intake.rows("select state from cases order by case_ref")]
    assert states == ["eligible", "expired"]


async def test_the_others_go_on_to_another_country_and_the_refusal_stands(intake: Referred) -> None:
    unreadable, other = await two_cases(intake)
    await intake.execute("update cases set snapshot = snapshot - 'party' where case_ref = :ref", ref=unreadable)

    for ref in (unreadable, other):
        await intake.hear(a_snapshot(waiting="referred", version=1, case_ref=ref, referral=a_referral()))
    await refer_cases(intake.app.state.service)

    done = await intake.rows("select new_case_ref, refused from referrals order by case_ref")
    assert [row.refused for row in done] == ["the case cannot be read: ValidationError", None]
    assert done[1].new_case_ref is not None


async def test_their_country_is_told_of_the_others(intake: Referred) -> None:
    unreadable, other = await two_cases(intake)
    for ref in (unreadable, other):
        snapshot = a_snapshot(waiting="unmet", version=1, case_ref=ref)
        await intake.hear(snapshot.model_copy(update={"system": System.MX}))
    await intake.execute(
        """update tellings set fact = fact || '{"more": 1}', next_try_at = next_try_at where case_ref = :ref""",
        ref=unreadable,
    )

    claimed = await intake.database.run(intake.clock.now(), lambda uow: tellings.claim(uow, System.MX, 100))

    assert [each.telling.case_ref for each in claimed] == [other]


async def test_contacts_of_the_others_are_given(intake: Referred) -> None:
    unreadable, other = await two_cases(intake)
    sealed = intake.sealer.seal(b'{"locale": 7}', contact_place(unreadable))
    await intake.execute("update cases set contact = :sealed where case_ref = :ref", sealed=sealed, ref=unreadable)

    answer = (await intake.ask_contacts(unreadable, other)).json()

    assert [contact["case_ref"] for contact in answer["contacts"]] == [other]
