"""Results that are known: duplicates, revisions that come late, conflicts. Order of judging: these first."""

from services.intake.adapters import us
from services.intake.domain.judge import History, judge
from tests.unit.intake_builders import (
    ABSENT,
    TODAY,
    codes,
    judge_us,
    ndjson,
    us_message,
    world,
)


def test_the_same_delivery_is_a_duplicate_even_if_it_now_holds_something_else() -> None:
    first, again = judge_us(us_message(), us_message(determination__id="US-2", determination__outcome="WITHDRAWN"))

    assert ("accepted", "duplicate") == (first.receipt, again.receipt)


def test_the_same_revision_with_the_same_content_is_a_duplicate() -> None:
    _, again = judge_us(us_message(1), us_message(2, sentAt="2026-11-21T00:00:00Z"))

    assert ("duplicate", (), ()) == (again.receipt, again.codes, again.problems)


def test_same_content_means_the_same_values_once_read() -> None:
    first = us_message(1, applicants__0__aNumber="A12345678", contact__email="")
    again = us_message(
        2,
        applicants__0__aNumber=" a 012-345-678",
        applicants__0__givenName="Zoila ",
        case__registeredAt="2026-07-25T17:25:00.000-05:00",
        contact__mobile="+502 5854 5204",
        contact__email=ABSENT,
        new_field={"that": "we do not read"},
    )

    assert "duplicate" == judge_us(first, dict(reversed(again.items())))[1].receipt


def test_the_same_revision_with_other_content_is_a_conflict_and_changes_nothing() -> None:
    _, conflict, again = judge_us(us_message(1), us_message(2, interview__urgency="URGENT"), us_message(3))

    assert ["revision_conflict"] == codes(conflict)
    assert "/determination/revision" == conflict.problems[0].pointer
    assert "duplicate" == again.receipt


def test_a_known_revision_that_has_become_unreadable_is_a_conflict_and_nothing_else() -> None:
    _, conflict = judge_us(us_message(1, applicants__0__sex=None), us_message(2, applicants__0__sex="Q"))

    assert ["revision_conflict"] == codes(conflict)


def test_a_lower_revision_than_known_is_stale_even_with_faults() -> None:
    _, stale = judge_us(us_message(1, determination__revision=5), us_message(2, determination__programCode="US-ZZZ"))

    assert ("stale", (), ()) == (stale.receipt, stale.codes, stale.warnings)


def test_a_revision_that_came_late_is_known_from_then_on() -> None:
    late, other = us_message(2), us_message(4, interview__urgency="URGENT")

    _, stale, again, conflict = judge_us(us_message(1, determination__revision=5), late, us_message(3), other)

    assert ("stale", "duplicate", ["revision_conflict"]) == (stale.receipt, again.receipt, codes(conflict))


def test_a_superseded_revision_that_comes_again_is_a_duplicate() -> None:
    *_, again = judge_us(us_message(1), us_message(2, determination__revision=2), us_message(3))

    assert "duplicate" == again.receipt


def test_a_higher_revision_supersedes_and_gaps_are_no_error() -> None:
    _, next_one = judge_us(
        us_message(1, determination__revision=3),
        us_message(2, determination__revision=2**40, determination__outcome="WITHDRAWN"),
    )

    assert ("accepted", "withdrawn") == (next_one.receipt, next_one.state)


def test_a_quarantined_revision_may_come_again_corrected() -> None:
    bad, good = judge_us(us_message(1, applicants__0__aNumber="A1"), us_message(2))

    assert (["identifier_invalid"], "accepted") == (codes(bad), good.receipt)


def test_a_message_id_is_remembered_whatever_its_receipt() -> None:
    bad, again = judge_us(us_message(1, applicants__0__aNumber="A1"), us_message(1))

    assert (["identifier_invalid"], "duplicate") == (codes(bad), again.receipt)


def test_revisions_of_one_result_say_nothing_about_another() -> None:
    _, other = judge_us(us_message(1, determination__revision=9), us_message(2, determination__id="US-2"))

    assert "accepted" == other.receipt


def test_judging_one_result_teaches_nothing_by_itself() -> None:
    [reported] = us.read(ndjson(us_message()))
    history = History()

    judge(reported, history, world(), TODAY)

    assert History() == history
