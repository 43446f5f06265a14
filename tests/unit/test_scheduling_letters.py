"""A letter says what was signed, holds as long as it should, and cannot be made or changed by anyone else."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
import segno
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.letters import Bookings, Letter, Verdict, judge, letter_of
from services.scheduling.letters.signatures import Forged, SigningKeys, signed_by
from services.scheduling.letters.text import Malformed, decode, encode, readable, superseded_list, unwrapped, wrapped
from tests.letters import KEYS, LETTER_KEY, Believing, a_key, a_letter, mutants
from tests.unit.notifications_builders import an_appointment

MUTANTS = 10_000


def accepted(keys: SigningKeys) -> int:
    """How many of the changed letters these keys let pass as letters; what believers let in may not even be CBOR."""

    def passes(text: str) -> bool:
        try:
            return isinstance(decode(text, keys), Letter)
        except (ValueError, OverflowError, cbor2.CBORDecodeError):
            return False

    return sum(passes(mutant) for mutant in mutants(encode(a_letter(), KEYS), MUTANTS))


def test_what_was_signed_is_read_again() -> None:
    assert a_letter() == decode(encode(a_letter(), KEYS), KEYS)


def test_the_same_letter_has_the_same_text_however_often_it_is_printed() -> None:
    assert encode(a_letter(), KEYS) == encode(a_letter(), SigningKeys({1: LETTER_KEY}))


def test_of_10000_changed_letters_none_is_accepted() -> None:
    assert 0 == accepted(KEYS)


def test_without_the_signature_check_some_would_be() -> None:
    assert MUTANTS // 6 < accepted(Believing({1: LETTER_KEY}))


def test_a_letter_holds_nothing_but_what_the_facts_name() -> None:
    payload = cbor2.loads(KEYS.opened(unwrapped(encode(a_letter(), KEYS))))

    assert {
        4: 1797280200 + 145 * 60 + 24 * 3600,
        -65537: (1, "NA7K-3QF2-M9X0", "MX-TAP-01", 1797280200, "America/Mexico_City", 3, "es", 2),
    } == {key: tuple(value) if isinstance(value, list) else value for key, value in payload.items()}


def test_a_letter_fits_into_a_square_that_can_be_damaged_by_a_quarter() -> None:
    code = segno.make(encode(a_letter(), KEYS), error="q", boost_error=False, micro=False)

    assert ("alphanumeric", True) == (code.mode, int(code.version) <= 13)


@pytest.mark.parametrize("spoil", [str.lower, readable, lambda text: f"\n {text[:50]}\r\n{text[50:]}\n"])
def test_a_text_is_read_as_people_type_and_paste_it(spoil: Callable[[str], str]) -> None:
    assert a_letter() == decode(spoil(encode(a_letter(), KEYS)), KEYS)


def test_spaces_between_symbols_do_no_harm_where_they_are_written_in_another_way() -> None:
    letters = (a_letter(party=party) for party in range(1, 100))
    letter, text = next((each, text) for each in letters if " " in (text := encode(each, KEYS)))
    groups = [readable(text)[at : at + 10] for at in range(0, len(text), 10)]

    assert [letter, letter] == [decode(between.join(groups), KEYS) for between in (" ", "\xa0")]


@given(st.text(max_size=400) | st.binary(max_size=300).map(wrapped) | st.text(max_size=99).map(lambda t: f"NI1:{t}"))
def test_whatever_else_is_typed_is_no_letter(text: str) -> None:
    with pytest.raises((Malformed, Forged)):
        decode(text, KEYS)


def test_what_unpacks_to_very_much_is_not_unpacked() -> None:
    with pytest.raises(Malformed):
        decode(wrapped(bytes(10**6)), KEYS)


def test_after_a_rotation_the_newest_key_signs_and_the_older_one_still_verifies() -> None:
    after = SigningKeys({1: LETTER_KEY, 2: a_key()})

    assert a_letter() == decode(encode(a_letter(), KEYS), after)
    with pytest.raises(Forged):
        decode(encode(a_letter(), after), KEYS)


def test_a_key_that_was_taken_away_verifies_nothing_any_more() -> None:
    with pytest.raises(Forged):
        decode(encode(a_letter(), KEYS), SigningKeys({2: a_key()}))


def test_the_published_keys_are_public_ones() -> None:
    published = SigningKeys({2: LETTER_KEY, 1: a_key()}).published

    assert ["1", "2"] == [key["kid"] for key in published["keys"]]
    assert {"kty", "crv", "x", "y", "kid", "alg", "use"} == set(published["keys"][0])
    assert "PRIVATE" not in json.dumps(published)


@pytest.mark.parametrize("pems", [{}, {0: LETTER_KEY}, {1: "none"}])
def test_without_a_usable_key_the_service_does_not_start(pems: dict[int, str]) -> None:
    with pytest.raises(ValueError, match=r"key|PEM"):
        SigningKeys(pems)


def test_signatures_are_those_of_the_standard() -> None:
    """RFC 9052, appendix C.2.1."""
    x = 0xBAC5B11CAD8F99F9C72B05CF4B9E26D244DC189F745228255A219A86D6A09EFF
    y = 0x20138BF82DC1B6D562BE0FA54AB7804A3A64B6D72CCFED6B6FB6ED28BBFC117E
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    signature = bytes.fromhex(
        "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e"
        "2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"
    )

    assert signed_by(key, bytes.fromhex("a10126"), b"This is the content.", signature)
    assert not signed_by(key, bytes.fromhex("a10126"), b"This is the content!", signature)


def test_a_signed_list_is_no_letter() -> None:
    signed = superseded_list({"NA7K-3QF2-M9X0": 3}, datetime(2026, 11, 24, tzinfo=UTC), KEYS)

    with pytest.raises(Malformed):
        decode(wrapped(signed), KEYS)


def test_the_public_list_names_no_case() -> None:
    """Whoever has a letter finds it there; 15 bits are missing to tell which reference it is."""
    opened = KEYS.opened(superseded_list({"NA7K-3QF2-M9X0": 3}, datetime(2026, 11, 24, tzinfo=UTC), KEYS))

    assert b"NA7K" not in opened
    assert {hashlib.sha256(b"NA7K-3QF2-M9X0").hexdigest()[:10]: 3} == cbor2.loads(opened)[-65539]


def test_a_letter_holds_until_a_day_after_the_end() -> None:
    letter = a_letter()

    assert Verdict.HOLDS == judge(letter, letter.holds_until - timedelta(seconds=1), {})
    assert Verdict.EXPIRED == judge(letter, letter.holds_until, {})


@pytest.mark.parametrize(("least", "verdict"), [(1, "holds"), (2, "holds"), (3, "superseded")])
def test_a_letter_of_an_earlier_booking_is_superseded(least: int, verdict: str) -> None:
    letter = a_letter()

    assert verdict == judge(letter, letter.starts_at, {letter.reference: least, "0000-0000-001Y": 9})


def test_at_the_door_it_must_be_for_this_site_and_for_today_by_its_clock() -> None:
    letter = a_letter()
    last_minute = datetime(2026, 12, 15, 5, 59, tzinfo=UTC)  # 23:59 in Tapachula

    assert Verdict.HOLDS == judge(letter, last_minute, {}, at_site="MX-TAP-01")
    assert Verdict.OTHER_DAY == judge(letter, last_minute + timedelta(minutes=1), {}, at_site="MX-TAP-01")
    assert Verdict.OTHER_SITE == judge(letter, last_minute, {}, at_site="US-POE-SYS")
    assert Verdict.HOLDS == judge(letter, last_minute + timedelta(minutes=1), {})


def test_a_booking_that_stands_has_the_letter_that_holds_and_one_that_fell_has_none() -> None:
    assert (2, 3) == (Bookings(2, True).least_sequence, Bookings(2, False).least_sequence)


def test_only_what_is_booked_has_a_letter() -> None:
    booked = an_appointment("booked")

    assert 4 == letter_of("NA7K-3QF2-M9X0", booked, "es", Bookings(4, True)).sequence
    with pytest.raises(ValueError, match="booked first"):
        letter_of("NA7K-3QF2-M9X0", an_appointment("pending"), "es", Bookings(4, False))
