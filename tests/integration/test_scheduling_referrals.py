"""Referrals to another country's programme: proposed, accepted, declined, withdrawn, on a real database."""

from typing import Any

import httpx
import pytest

from services.scheduling import commands
from services.scheduling.app import build
from services.scheduling.commands import referrals
from services.scheduling.commands.referrals import Consent
from services.scheduling.repository import counts
from services.scheduling.views import cases as case_views
from shared.events import CaseChanged, ReferralState, System
from shared.web.problems import Problem
from tests.builders import a_case, a_programme, days
from tests.scheduling import Scheduling, settings

CANADA = {"programme": "CA-RST", "system": System.CA, "sites": ("CA-VIS-MEX", "CA-VAC-GUA")}
CONSENT = Consent(given_by_household=True, recorded="in-person")


PROGRAMMES = (
    a_programme(),
    a_programme(**CANADA),
)


async def waiting_case(scheduling: Scheduling, **changes: Any) -> CaseChanged:
    """A household that said no to its offer and waits for another."""
    case = a_case(**changes)
    await scheduling.receive(case)
    await scheduling.decline(case, "assistant")
    return case


async def propose(
    scheduling: Scheduling, case: CaseChanged, programme: str = "CA-RST", consent: Consent = CONSENT
) -> None:
    await scheduling.do(lambda uow: referrals.propose(uow, case.case_ref, programme, consent, acted_by="scheduler"))


async def answer(scheduling: Scheduling, case: CaseChanged, what: str) -> None:
    command = getattr(referrals, what)
    await scheduling.do(lambda uow: command(uow, case.case_ref, acted_by="scheduler"))


async def referral_of(scheduling: Scheduling, case: CaseChanged) -> Any:
    return (await scheduling.do(lambda uow: case_views.case_view(uow, case.case_ref)))["referral"]


async def newest(scheduling: Scheduling, case: CaseChanged) -> Any:
    """What the stream says now: type and snapshot."""
    sql = "select type, value::jsonb as value from outbox where key = :ref order by sequence desc limit 1"
    return (await scheduling.rows(sql, ref=case.case_ref))[0]


async def test_a_proposal_is_said_in_the_case_s_stream_and_the_household_stays_in_line(scheduling: Scheduling) -> None:
    case = await waiting_case(scheduling)

    await propose(scheduling, case)
    await propose(scheduling, case)

    said = await newest(scheduling, case)
    shown = await referral_of(scheduling, case)
    why = await scheduling.do(lambda uow: case_views.why(uow, case.case_ref))
    assert ("CA-RST", "ca", "proposed") == tuple(shown[name] for name in ("programme", "system", "state"))
    assert ("puente.scheduling.referral.changed.v1", "declined") == (said.type, said.value["waiting"])
    assert shown == said.value["referral"] == why["referral"]
    assert "declined" == await scheduling.waiting(case)
    assert [("CA-RST", "proposed", "in-person", "scheduler")] == [
        tuple(row)
        for row in await scheduling.rows("select programme, state, consent_recorded, proposed_by from referrals")
    ]


async def test_an_accepted_household_is_offered_nothing_here_any_more(scheduling: Scheduling) -> None:
    case, other = await waiting_case(scheduling), a_case(registered_at=a_case().registered_at + days(1))
    await scheduling.receive(other)
    await propose(scheduling, case)

    await answer(scheduling, case, "accept")
    await answer(scheduling, case, "accept")
    await scheduling.decline(other, "assistant")
    await scheduling.jobs.offer_freed_places()
    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2}))

    said = await newest(scheduling, case)
    assert ("referred", "accepted") == (await scheduling.waiting(case), said.value["referral"]["state"])
    assert "referred" == said.value["waiting"]
    with pytest.raises(Problem, match="follow its new case"):
        await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))


async def test_when_intake_ends_the_case_the_stream_still_says_where_the_household_went(scheduling: Scheduling) -> None:
    case = await waiting_case(scheduling)
    await propose(scheduling, case)
    await answer(scheduling, case, "accept")

    await scheduling.receive(a_case(case_ref=case.case_ref, state="withdrawn", version=2, reason="referred"))

    said = await newest(scheduling, case)
    assert ("puente.scheduling.case.closed.v1", "withdrawn") == (said.type, said.value["closed"])
    assert ("CA-RST", "accepted") == (said.value["referral"]["programme"], said.value["referral"]["state"])


async def test_the_new_case_is_taken_as_any_with_the_seniority_that_it_had(scheduling: Scheduling) -> None:
    case = await waiting_case(scheduling)
    new = a_case(
        system=System.CA, programme="CA-RST", sites=(), registered_at=case.registered_at, referred_from=case.case_ref
    )

    await scheduling.receive(new)

    assert (await scheduling.live(new)).site.startswith("CA-")


@pytest.mark.parametrize("what", ["decline", "withdraw"])
async def test_a_proposal_that_comes_to_nothing_leaves_the_household_as_it_was(
    scheduling: Scheduling, what: str
) -> None:
    case = await waiting_case(scheduling)
    await propose(scheduling, case)

    await answer(scheduling, case, what)

    said = await newest(scheduling, case)
    states = await scheduling.rows("select state, answered_by from referrals")
    assert (None, "declined") == (said.value.get("referral"), said.value["waiting"])
    assert [(f"{what}d" if what == "decline" else "withdrawn", "scheduler")] == [tuple(row) for row in states]
    with pytest.raises(Problem, match="no referral of this case is open"):
        await answer(scheduling, case, "accept")
    await propose(scheduling, case)


@pytest.mark.parametrize(
    ("programme", "consent", "code"),
    [
        ("CA-RST", Consent(given_by_household=False, recorded="phone"), "consent_missing"),
        ("XX-ZZZ", CONSENT, "programme_unknown"),
        ("MX-REF", CONSENT, "same_country"),
        ("CA-FAM", CONSENT, "other_pathway"),
        ("CA-SHUT", CONSENT, "programme_not_open"),
        ("CA-FULL", CONSENT, "no_place"),
        ("CA-DRAW", CONSENT, "drawn"),
    ],
)
async def test_a_referral_that_cannot_be_is_refused_with_what_to_do(
    scheduling: Scheduling, programme: str, consent: Consent, code: str
) -> None:
    case = await waiting_case(scheduling)
    await scheduling.receive(
        a_programme(**{**CANADA, "programme": "CA-FAM", "pathway": "family"}),
        a_programme(**{**CANADA, "programme": "CA-SHUT", "status": "closed"}),
        a_programme(**{**CANADA, "programme": "CA-FULL", "sites": ("MX-TIJ-01",)}),
        a_programme(**{**CANADA, "programme": "CA-DRAW", "allocation": "draw"}),
    )

    with pytest.raises(Problem) as refused:
        await propose(scheduling, case, programme, consent)

    assert (409, code) == (refused.value.status, refused.value.code)
    assert None is await referral_of(scheduling, case)


async def test_who_has_a_date_is_not_referred_and_whose_proposal_meets_a_date_keeps_it(scheduling: Scheduling) -> None:
    offered, case = a_case(), await waiting_case(scheduling)
    await scheduling.receive(offered)
    await propose(scheduling, case)
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    with pytest.raises(Problem) as not_proposed:
        await propose(scheduling, offered)
    with pytest.raises(Problem) as not_accepted:
        await answer(scheduling, case, "accept")
    await answer(scheduling, case, "withdraw")

    said = await newest(scheduling, case)
    assert ["has_appointment"] * 2 == [each.value.code for each in (not_proposed, not_accepted)]
    assert str((await scheduling.live(case)).id) == said.value["appointment"]["id"]


async def test_an_accepted_referral_that_intake_refuses_is_seen_and_can_be_taken_back(scheduling: Scheduling) -> None:
    case = await waiting_case(scheduling)
    await propose(scheduling, case)
    await answer(scheduling, case, "accept")
    scheduling.clock.advance(days(2))
    stalled = (await scheduling.do(counts.by_country))["mx"]["referred"]

    await answer(scheduling, case, "withdraw")

    said = await newest(scheduling, case)
    assert (1, 0) == (stalled, (await scheduling.do(counts.by_country))["mx"]["referred"])
    assert (None, None) == (said.value.get("referral"), said.value.get("waiting"))
    assert str((await scheduling.live(case)).id) == said.value["appointment"]["id"]
    assert ["withdrawn"] == [row.state for row in await scheduling.rows("select state from referrals")]


async def test_a_household_that_went_on_to_another_country_cannot_be_taken_back(scheduling: Scheduling) -> None:
    case = await waiting_case(scheduling)
    await propose(scheduling, case)
    await answer(scheduling, case, "accept")
    await scheduling.receive(a_case(case_ref=case.case_ref, state="withdrawn", version=2, reason="referred"))

    with pytest.raises(Problem) as refused:
        await answer(scheduling, case, "withdraw")

    assert "no_open_referral" == refused.value.code


async def test_an_accepted_household_that_comes_under_review_stays_listed_and_can_be_taken_back(
    scheduling: Scheduling,
) -> None:
    case = await waiting_case(scheduling)
    await propose(scheduling, case)
    await answer(scheduling, case, "accept")

    await scheduling.receive(a_case(case_ref=case.case_ref, state="review", version=2))

    scheduling.clock.advance(days(2))
    assert 1 == (await scheduling.do(counts.by_country))["mx"]["referred"]
    await answer(scheduling, case, "withdraw")
    said = await newest(scheduling, case)
    assert (None, "review") == (said.value.get("referral"), said.value["waiting"])


@pytest.mark.parametrize(("state", "is_accepted"), [("ineligible", True), ("withdrawn", True), ("expired", False)])
async def test_who_is_not_taken_because_its_country_ended_the_case_is_not_said_to_have_gone_on(
    scheduling: Scheduling, state: str, is_accepted: bool
) -> None:
    case = await waiting_case(scheduling)
    await propose(scheduling, case)
    if is_accepted:
        await answer(scheduling, case, "accept")

    await scheduling.receive(a_case(case_ref=case.case_ref, state=state, version=2))

    said = await newest(scheduling, case)
    assert (None, state) == (said.value.get("referral"), said.value["closed"])
    assert ["withdrawn"] == [row.state for row in await scheduling.rows("select state from referrals")]
    assert None is await referral_of(scheduling, case)


async def test_one_proposal_is_open_at_a_time(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme(**{**CANADA, "programme": "CA-TWO"}))
    case = await waiting_case(scheduling)
    await propose(scheduling, case)

    with pytest.raises(Problem) as refused:
        await propose(scheduling, case, "CA-TWO")

    assert "referral_open" == refused.value.code


async def test_schedulers_refer_over_http_and_nobody_else(scheduling: Scheduling) -> None:
    case = await waiting_case(scheduling)
    app = build(settings(scheduling.database.url), scheduling.clock)
    body = {"programme": "CA-RST", "consent": {"given_by_household": True, "recorded": "phone"}}
    path = f"/v1/cases/{case.case_ref}/referral"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scheduling") as client:
        refused = [await client.post(path, json=body, headers=by(role)) for role in ("officer", "ops", "service")]
        proposed = await client.post(path, json=body, headers=by("scheduler"))
        accepted = await client.post(f"{path}/accept", headers=by("scheduler"))

    await app.state.service.database.close()
    assert [403] * 3 == [each.status_code for each in refused]
    assert [ReferralState.PROPOSED, ReferralState.ACCEPTED] == [
        each.json()["referral"]["state"] for each in (proposed, accepted)
    ]


def by(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {role}"}
