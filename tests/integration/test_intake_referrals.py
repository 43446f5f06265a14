"""An accepted referral: the household's case under the other country's programme, and the end of its old one."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from services.intake.referring import refer_cases
from services.intake.repository import tellings
from shared.events import System
from tests.conftest import MakeDatabase
from tests.referred import Referred
from tests.unit.intake_builders import ca_result, results
from tests.unit.notifications_builders import a_referral, a_snapshot


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Referred]:
    running = Referred(await new_database(intake_template))
    yield running
    await running.close()


async def test_the_household_goes_on_with_people_contact_and_seniority(intake: Referred) -> None:
    old_ref = await intake.a_case(correo="casa@example.org")

    await intake.refer(old_ref)

    old, new = await intake.case(old_ref), await intake.case((await intake.case(old_ref))["referred_to"])
    same = ("party", "urgency", "registered_at", "valid_until", "warnings")
    assert ("ca", "CA-RST", "eligible", 1, old_ref) == tuple(
        new[name] for name in ("system", "programme", "state", "revision", "referred_from")
    )
    assert [old[name] for name in same] == [new[name] for name in same]
    contacts = (await intake.ask_contacts(new["case_ref"])).json()["contacts"]
    assert ["casa@example.org"] == [contact["email"] for contact in contacts]
    assert "Yat" == await _family_name(intake, new["case_ref"])


async def test_what_the_household_said_of_its_contact_goes_with_it(intake: Referred) -> None:
    old_ref = await intake.a_case(correo="casa@example.org")
    said = {"case_ref": old_ref, "locale": "ht", "safe_hours": "18:00-22:00"}
    service = {"authorization": "Bearer service-token"}
    await intake.client.post("/internal/own-contact/say", json=said, headers=service)

    await intake.refer(old_ref)

    new_ref = (await intake.case(old_ref))["referred_to"]
    [contact] = (await intake.ask_contacts(new_ref)).json()["contacts"]
    assert ("ht", "18:00-22:00", "casa@example.org") == (contact["locale"], contact["safe_hours"], contact["email"])


async def test_the_stream_of_the_new_case_begins_and_the_old_one_says_why_it_ended(intake: Referred) -> None:
    old_ref = await intake.a_case()
    before = await intake.newest(old_ref)

    await intake.refer(old_ref)

    new_ref = (await intake.case(old_ref))["referred_to"]
    old, new = await intake.newest(old_ref), await intake.newest(new_ref)
    moved = {"case_ref": new_ref, "system": "ca", "programme": "CA-RST", "sites": [], "version": 1}
    unbound = {name: value for name, value in before.items() if name not in ("admin_area", "reason")}
    assert {**unbound, **moved, "referred_from": old_ref} == new
    assert {**before, "version": 2, "state": "withdrawn", "reason": "referred"} == old


async def test_what_is_said_twice_or_late_makes_one_case(intake: Referred) -> None:
    old_ref, id = await intake.a_case(), uuid4()

    for version in (1, 2, 3):
        await intake.refer(old_ref, version=version, id=id)
    await intake.refer(old_ref, version=4)

    refused = await intake.rows("select refused from referrals where refused is not null")
    assert 2 == await intake.count("cases")
    assert ["the case is withdrawn"] == [row.refused for row in refused]


async def test_a_referral_that_was_taken_back_before_it_was_carried_out_makes_no_case(intake: Referred) -> None:
    case_ref = await intake.a_case()
    await intake.hear(a_snapshot(waiting="referred", version=1, case_ref=case_ref, referral=a_referral()))
    await intake.hear(a_snapshot(waiting="declined", version=2, case_ref=case_ref))

    await refer_cases(intake.app.state.service)

    assert 1 == await intake.count("cases")
    assert ["it was taken back"] == [row.refused for row in await intake.rows("select refused from referrals")]


async def test_a_proposal_alone_makes_no_case(intake: Referred) -> None:
    await intake.hear(a_snapshot(waiting="declined", case_ref=await intake.a_case(), referral=a_referral("proposed")))
    await refer_cases(intake.app.state.service)

    assert (0, 1) == (await intake.count("referrals"), await intake.count("cases"))


async def test_a_case_that_its_country_has_ended_meanwhile_is_not_referred(intake: Referred) -> None:
    old_ref = await intake.a_case()
    await intake.a_case(version="2", resultado="DESISTIDO")

    await intake.refer(old_ref)

    assert 1 == await intake.count("cases")


async def test_a_referral_of_a_case_that_is_not_known_yet_waits_for_it(intake: Referred) -> None:
    await intake.refer("NA7K-3QF2-M9X0")
    old_ref = await intake.a_case()

    await intake.refer(old_ref)

    done = await intake.rows("select case_ref, done_at is not null as done from referrals order by done")
    assert [("NA7K-3QF2-M9X0", False), (old_ref, True)] == [tuple(row) for row in done]


async def test_what_the_old_country_says_later_does_not_bring_the_old_case_back(intake: Referred) -> None:
    old_ref = await intake.a_case()
    await intake.refer(old_ref)

    assert old_ref == await intake.a_case(version="2")

    newest = await intake.newest(old_ref)
    assert (3, "withdrawn", "referred") == (newest["version"], newest["state"], newest["reason"])


async def test_the_new_country_can_say_more_and_the_first_registration_stays(intake: Referred) -> None:
    old_ref = await intake.a_case()
    await intake.refer(old_ref)
    new_ref = (await intake.case(old_ref))["referred_to"]

    again = ca_result(id=f"PUENTE-{new_ref}", revision="2", Application__registered="2026-10-01T09:30:00-04:00")
    [receipt] = await intake.receipts("ca", results(again))

    new = await intake.case(new_ref)
    assert (new_ref, "accepted") == (receipt["case_ref"], receipt["receipt"])
    assert ((await intake.case(old_ref))["registered_at"], old_ref, 2) == (
        new["registered_at"],
        new["referred_from"],
        new["revision"],
    )


async def test_the_country_that_a_household_came_to_is_told_where_from_and_since_when(intake: Referred) -> None:
    old_ref = await intake.a_case()
    await intake.refer(old_ref)
    new_ref = (await intake.case(old_ref))["referred_to"]
    offered = a_snapshot(waiting="no_interpreter", case_ref=new_ref).model_copy(update={"system": System.CA})
    await intake.hear(offered)

    async with intake.database.begin(intake.clock.now()) as uow:
        [claimed] = await tellings.claim(uow, System.CA, 10)

    origin = claimed.telling.origin
    assert origin is not None
    assert (f"PUENTE-{new_ref}", 1) == (claimed.telling.result_id, claimed.telling.revision)
    assert (old_ref, (await intake.case(old_ref))["registered_at"]) == (origin.case_ref, origin.registered_at)


async def _family_name(intake: Referred, case_ref: str) -> str | None:
    question = {"people": [{"case_ref": case_ref}], "shown_to": "officer"}
    answer = await intake.client.post(
        "/internal/people", json=question, headers={"authorization": "Bearer service-token"}
    )
    name: str | None = answer.json()["households"][0]["persons"][0]["family_name"]
    return name
