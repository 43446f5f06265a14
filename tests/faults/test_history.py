"""The rules about a history can fail: for each there is a history, good but for one piece, that breaks it alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.history import (
    Acknowledged,
    Case,
    Handled,
    History,
    Notice,
    Said,
    Scheduled,
    broken_rules,
    second_messages,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONSUMED = {"scheduling": ["intake.cases"]}
STREAM = ("intake.cases", "REF")

FIRST = Acknowledged("mx", "MX-1", 1, "eligible", "accepted", "REF")
SECOND = replace(FIRST, revision=2)
CASE = Case("mx", "MX-1", "REF", version=2, revision=2, state="eligible")
SCHEDULED = Scheduled("REF", intake_version=2, live="date", waiting=None)
SAID = Said(STREAM, 1, "event 1", partition=0, offset=0)
SAID_NEXT = Said(STREAM, 2, "event 2", partition=0, offset=1)
HANDLED = Handled("scheduling", "event 1", NOW)
HANDLED_NEXT = Handled("scheduling", "event 2", NOW + timedelta(seconds=1))
NOTICE = Notice("notice", "REF", "offer", "date", "sent", may_have_arrived=True)
WITHDRAWN = Notice("withdrawn", "REF", "offer", "earlier date", "withdrawn", may_have_arrived=True)

GOOD = History(
    acknowledged=[FIRST, SECOND],
    cases=[CASE],
    scheduled=[SCHEDULED],
    said=[SAID, SAID_NEXT],
    handled=[HANDLED, HANDLED_NEXT],
    positions={("scheduling", STREAM): 2},
    notices=[NOTICE],
    mails=["notice"],
)


@pytest.mark.parametrize(
    "harmless",
    [
        {},
        {"acknowledged": [SECOND, replace(FIRST, receipt="stale"), replace(SECOND, receipt="duplicate")]},
        {"said": [SAID, SAID_NEXT, replace(SAID, offset=2), replace(SAID_NEXT, offset=3)]},
        {"handled": [HANDLED_NEXT]},
        {"mails": ["notice", "notice"]},
        {"notices": [NOTICE, WITHDRAWN], "mails": ["notice", "withdrawn"]},
        {"notices": [NOTICE, WITHDRAWN]},
    ],
)
def test_a_good_history_breaks_no_rule(harmless: dict[str, Any]) -> None:
    assert {} == broken_rules(replace(GOOD, **harmless), CONSUMED)


@pytest.mark.parametrize(
    ("piece", "rule"),
    [
        ({"acknowledged": [FIRST, SECOND, replace(FIRST, result_id="MX-2")]}, "lost results"),
        ({"acknowledged": [FIRST, replace(SECOND, state="withdrawn")]}, "lost results"),
        ({"acknowledged": [FIRST, SECOND, replace(SECOND, revision=3)]}, "lost results"),
        ({"acknowledged": [FIRST, SECOND, replace(FIRST, case_ref="ANOTHER")]}, "lost results"),
        ({"acknowledged": [FIRST, replace(SECOND, receipt="quarantined")]}, "lost results"),
        ({"cases": [CASE, CASE]}, "cases made twice"),
        ({"scheduled": []}, "unfinished cases"),
        ({"scheduled": [replace(SCHEDULED, intake_version=1)]}, "unfinished cases"),
        ({"scheduled": [replace(SCHEDULED, live=None)]}, "unfinished cases"),
        ({"scheduled": [replace(SCHEDULED, waiting="review")]}, "unfinished cases"),
        ({"said": [replace(SAID_NEXT, offset=0), replace(SAID, offset=1)]}, "said out of order"),
        ({"said": [SAID, SAID_NEXT, replace(SAID, event_id="event 3", offset=2)]}, "said out of order"),
        ({"said": [SAID_NEXT], "handled": [HANDLED_NEXT]}, "said out of order"),
        ({"handled": [HANDLED_NEXT, replace(HANDLED, at=NOW + timedelta(seconds=2))]}, "handled out of order"),
        ({"handled": [HANDLED, HANDLED_NEXT, HANDLED_NEXT]}, "handled out of order"),
        ({"handled": [replace(HANDLED, event_id="of nobody")]}, "handled out of order"),
        ({"positions": {("scheduling", STREAM): 1}}, "left behind"),
        ({"positions": {}}, "left behind"),
        ({"positions": {**GOOD.positions, ("scheduling", ("intake.cases", "NEVER SAID")): 1}}, "left behind"),
        ({"mails": []}, "told wrongly"),
        ({"mails": ["notice", "of nobody"]}, "told wrongly"),
        ({"notices": [replace(NOTICE, state="due")]}, "told wrongly"),
        ({"notices": [NOTICE, replace(NOTICE, id="other")], "mails": ["notice", "other"]}, "told wrongly"),
        ({"notices": [], "mails": []}, "told wrongly"),
        (
            {"notices": [NOTICE, replace(WITHDRAWN, may_have_arrived=False)], "mails": ["notice", "withdrawn"]},
            "told wrongly",
        ),
    ],
)
def test_control_each_rule_finds_what_breaks_it(piece: dict[str, Any], rule: str) -> None:
    assert [rule] == list(broken_rules(replace(GOOD, **piece), CONSUMED))


def test_a_second_message_under_the_same_id_is_counted() -> None:
    assert (0, 1) == (second_messages(GOOD), second_messages(replace(GOOD, mails=["notice", "notice"])))
