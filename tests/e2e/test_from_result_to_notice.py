"""From the document of a country's system to the notice in the household's language, followed by one trace."""

import pytest

from tests.e2e.households import a_household
from tests.e2e.mails import text_of
from tests.e2e.running import Running

POSTS = {
    "US": "POST /v1/systems/us/results",
    "MX": "POST /v1/systems/mx/batches",
    "CA": "POST /v1/systems/ca/results",
}
OFFERED_WORDS = {
    "ht": "Gen yon dat pou entèvyou ou a",
    "es": "Hay una fecha para su entrevista",
    "fr": "Il y a une date pour votre entretien",
}


@pytest.mark.parametrize(("programme", "language"), [("US-RFA", "ht"), ("MX-REF", "es"), ("CA-RST", "fr")])
async def test_an_eligible_household_of_each_country_reads_its_offer_in_its_language(
    puente: Running, programme: str, language: str
) -> None:
    household = a_household(programme, language=language, members=3)

    case_ref = await puente.let_in(household)

    case = await puente.reaches(case_ref, "offered")
    [mail] = await puente.mails_to(household)
    text = text_of(mail)
    assert language == mail["Content-Language"]
    assert OFFERED_WORDS[language] in text
    assert case_ref in text
    assert case["appointment"]["site"].startswith(("GT-", programme[:2]))
    assert 3 == case["appointment"]["party"]
    assert [("offered", "sent")] == await puente.notices(case_ref)


@pytest.mark.parametrize(("programme", "language"), [("US-RFA", "en"), ("MX-REF", "pt"), ("CA-RST", "ht")])
async def test_one_trace_leads_from_the_post_to_the_message_the_question_for_the_contact_and_the_country(
    puente: Running, programme: str, language: str
) -> None:
    household = a_household(programme, language=language)

    case_ref = await puente.let_in(household)

    told = f"tell {programme[:2].lower()} offered"
    trace = await puente.trace_with(case_ref, "send notifications.notices", "look up contact", told)
    sent = trace.one("send notice offered")
    way = [
        POSTS[programme[:2]],
        "receive result",
        "create intake.cases",
        "process intake.cases",
        "create scheduling.cases",
        "process scheduling.cases",
        "send notice offered",
    ]
    assert way == trace.path_to(sent)
    assert [*way[:-1], told] == trace.path_to(trace.one(told))
    assert [*way, "look up contact"] == trace.path_to(trace.one("look up contact"))
    assert [*way, "create notifications.notices", "send notifications.notices"] == trace.path_to(
        trace.one("send notifications.notices")
    )
    assert [way[0]] == trace.roots
    assert {"intake", "scheduling", "notifications"} == trace.services
    assert {trace.id} == {span["trace_id"] for span in await puente.spans(case_ref)}


async def test_results_that_share_a_document_have_a_trace_each_linked_to_their_post(puente: Running) -> None:
    households = [a_household("CA-RST", language="fr") for _ in range(3)]

    refs = await puente.accepted(*households)

    traces = [await puente.trace_with(ref, "send notifications.notices", "look up contact") for ref in refs]
    posts = [trace.links_of(trace.one("receive result")) for trace in traces]
    assert 3 == len({trace.id for trace in traces})
    assert [["receive result"]] * 3 == [trace.roots for trace in traces]
    assert [1, 1, 1] == [len(post) for post in posts]
    [(post_trace, post_span)] = set.union(*posts)
    [post] = await puente.get("intake", "/ops/spans", trace_id=post_trace)
    assert (POSTS["CA"], post_span) == (post["name"], post["span_id"])


@pytest.mark.parametrize(
    ("programme", "language", "reason", "words"),
    [
        ("MX-TVH", "pt", "awaiting_choice", "Neste programa você mesmo escolhe a data"),
        ("US-PDI", "en", "awaiting_draw", "In this programme dates are drawn by lot"),
    ],
)
async def test_a_household_whose_programme_offers_nothing_by_itself_is_told_what_it_waits_for(
    puente: Running, programme: str, language: str, reason: str, words: str
) -> None:
    household = a_household(programme, language=language)

    case_ref = await puente.let_in(household)

    [mail] = await puente.mails_to(household)
    assert reason == (await puente.case(case_ref))["reason"]
    assert language == mail["Content-Language"]
    assert words in text_of(mail)
    assert [("waiting", "sent")] == await puente.notices(case_ref)


async def test_a_household_without_any_contact_is_recorded_as_not_reachable_for_everyone_to_see(
    puente: Running,
) -> None:
    household = a_household("MX-REF", phone="", email="")
    before = (await puente.state("notifications"))["counts"]["mx"]["not_reachable"]

    answer = await puente.post(household)

    [receipt] = answer.receipts
    trace = await puente.trace_with(receipt["case_ref"], "send notifications.notices")
    counts = (await puente.state("notifications"))["counts"]["mx"]
    assert ["no_contact"] == receipt["warnings"]
    assert [("offered", "not_reachable")] == await puente.notices(receipt["case_ref"])
    assert before + 1 == counts["not_reachable"]
    assert "error" == trace.one("send notice offered")["status"]
    [event] = await puente.rows(
        "notifications", "select type from outbox where value::jsonb->>'case_ref' = $1", receipt["case_ref"]
    )
    assert "puente.notifications.notice.failed.v1" == event["type"]
