"""A household that found no place in one country goes on to another's programme, with what it waited."""

from typing import Any

from tests.e2e.households import a_household
from tests.e2e.running import Running, at_rest, eventually

CONSENT = {"given_by_household": True, "recorded": "in-person"}


async def test_a_household_goes_on_to_another_country_and_both_are_told_in_one_trace(puente: Running) -> None:
    household = a_household("MX-REF", language="fr")
    old_ref = await puente.let_in(household)
    await puente.mails_to(household)
    await puente.answer_offer(old_ref, "decline")

    proposed = await puente.refer(old_ref, "", programme="CA-RST", consent=CONSENT)
    accepted = await puente.refer(old_ref, "/accept")

    old = await eventually(lambda: _referred(puente, old_ref))
    new_ref = old["referred_to"]
    new = await puente.reaches(new_ref, "offered")
    closed = await puente.reaches(old_ref, "withdrawn")
    told = "tell ca offered"
    trace = await puente.trace_with(new_ref, told, "tell mx closed", "send notice offered", "look up contact")
    await at_rest(puente)
    there = await puente.get("intake", f"/v1/cases/{new_ref}")
    assert ["proposed", "accepted"] == [answer["referral"]["state"] for answer in (proposed, accepted)]
    assert ("CA-RST", "ca") == (new["programme"], new["system"])
    assert new["appointment"]["site"].startswith("CA-")
    assert (None, "accepted") == (closed["appointment"], closed["referral"]["state"])
    assert (old["registered_at"], old_ref) == (there["registered_at"], there["referred_from"])
    assert ("CERRADA", ["offered"]) == (puente.told(old_ref)[-1], puente.told(new_ref))
    way = ["create scheduling.cases", "process scheduling.cases"]
    on = ["refer case", "create intake.cases", "process intake.cases"]
    assert ["POST /v1/cases/{case_ref}/referral/accept", *way, *on, *way, told] == trace.path_to(trace.one(told))
    assert new_ref in "".join(str(mail) for mail in puente.mails()[household.email])


async def _referred(puente: Running, case_ref: str) -> dict[str, Any] | None:
    case: dict[str, Any] = await puente.get("intake", f"/v1/cases/{case_ref}")
    return case if "referred_to" in case else None
