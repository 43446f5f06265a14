import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.identifiers import CURP_ALPHABET, FORMS, curp, curp_check_digit, passport_mrz
from shared.reference import ALPHABET, canonical_case_ref, check_symbol, new_case_ref

CURPS = (
    "BOXW310820HNERXN09 HEGG560427MVZRRL04 AAPR630321HDFLRC09 PEPJ900115HNERRN09 LOAM050708MNEPNRA6 XXXJ880229MNEXXN06"
).split()
MRZ = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
FILLER = "P<UTODOE<<SAM<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nI66DK0EKM1UTO8810311M2910057<<<<<<<<<<<<<<<0"


@pytest.mark.parametrize("text", CURPS)
def test_a_curp_is_accepted_with_its_own_check_digit_only(text: str) -> None:
    assert [text] == [f"{text[:17]}{digit}" for digit in "0123456789" if curp(f"{text[:17]}{digit}")]


def test_a_curp_without_the_shift_of_the_letter_that_never_occurs_is_refused() -> None:
    plain = CURP_ALPHABET.replace("Ñ", "")
    total = sum(plain.index(symbol) * (18 - at) for at, symbol in enumerate("PEPJ900115HNERRN0"))

    assert None is curp("PEPJ900115HNERRN0" + str(-total % 10))


def test_a_curp_may_have_x_as_its_sex() -> None:
    text = "PEPJ900115XNERRN0"

    assert text + curp_check_digit(text) == curp(text + curp_check_digit(text))


@pytest.mark.parametrize(
    ("kind", "text", "canonical"),
    [
        ("a_number", "A1234567", "A001234567"),
        ("a_number", "012 345-678", "A012345678"),
        ("a_number", " a123.456.789 ", "A123456789"),
        ("a_number", "A123\u2011456\u2010789", "A123456789"),
        ("a_number", "A123\u00ad456\u00ad789", "A123456789"),
        ("a_number", "A12345", None),
        ("a_number", "A1234567890", None),
        ("a_number", "A１２３４５６７", "A001234567"),
        ("a_number", "A١٢٣٤٥٦٧", None),
        ("uscis_receipt", "ioe-28-447-80884", "IOE2844780884"),
        ("uscis_receipt", "QQQ2844780884", "QQQ2844780884"),
        ("uscis_receipt", "IOE284478088", None),
        ("nvc_case", "MNL2001747003", "MNL2001747003"),
        ("nvc_case", "MNL2001501003", "MNL2001501003"),
        ("nvc_case", "MNL2001866003", "MNL2001866003"),
        ("nvc_case", "MNL2001500003", None),
        ("nvc_case", "MNL2001867003", None),
        ("nut", "0420047", "0420047"),
        ("nut", "420047", None),
        ("uci", "11-2345-6789", "1123456789"),
        ("uci", "1234-5678", "12345678"),
        ("uci", "123456789", None),
        ("uci", "0000-0000", None),
        ("uci", "X12345678", "X12345678"),
        ("uci", "CAN123456789012", "CAN123456789012"),
        ("ca_application", "W123456789", "W123456789"),
        ("ca_application", "EP12345678", "EP12345678"),
        ("ca_application", "W1234567", None),
        ("ca_application", "123456789", None),
    ],
)
def test_an_identifier_becomes_canonical_or_is_refused(kind: str, text: str, canonical: str | None) -> None:
    assert canonical == FORMS[kind].canonical(text)


@pytest.mark.parametrize("text", [MRZ, FILLER])
def test_the_passport_of_utopia_is_fine(text: str) -> None:
    assert text == passport_mrz(text)


@pytest.mark.parametrize("at", [45 + place for place in (0, 9, 13, 19, 21, 27, 28, 42, 43)])
def test_one_wrong_character_in_the_data_line_of_a_passport_is_seen(at: int) -> None:
    wrong = MRZ[:at] + ("4" if MRZ[at] != "4" else "5") + MRZ[at + 1 :]

    assert None is passport_mrz(wrong)


def test_the_filler_is_no_check_digit_of_optional_data_that_is_there() -> None:
    zero_sum = MRZ.replace("ZE184226B<<<<<1", "ZE184226B<<<<<<")

    assert None is passport_mrz(zero_sum)


@pytest.mark.parametrize("text", ["", "P<UTO", MRZ.replace("\n", ""), MRZ + "\n" + MRZ, MRZ[1:], "V" + MRZ[1:]])
def test_a_passport_of_another_shape_is_refused(text: str) -> None:
    assert None is passport_mrz(text)


@given(kind=st.sampled_from(sorted(FORMS)), text=st.text(max_size=120))
def test_no_text_makes_an_identifier_check_fail(kind: str, text: str) -> None:
    canonical = FORMS[kind].canonical(text)

    assert canonical is None or canonical == FORMS[kind].canonical(canonical)


@pytest.mark.parametrize("reference", ["NA7K-3QF2-M9X0", "0000-0000-001Y", "ZZZZ-ZZZZ-ZZZB"])
def test_a_reference_is_read_in_whatever_way_it_is_typed(reference: str) -> None:
    typed = [reference, reference.lower(), reference.replace("-", ""), reference.replace("-", " "), f" {reference} "]
    typed += [reference.replace("0", "o"), reference.replace("1", "I"), reference.replace("1", "l")]
    typed += [f"\u2068{reference}\u2069", reference.translate(str.maketrans("01679", "٠١٦٧٩"))]
    typed += [f"({reference}).", *(reference.replace("-", between) for between in "./_\u2014\u2212\xa0")]
    typed += ["".join(chr(ord(symbol) + 0xFEE0) for symbol in reference)]

    assert [reference] * len(typed) == [canonical_case_ref(text) for text in typed]


@given(body=st.text(ALPHABET, min_size=11, max_size=11), at=st.integers(0, 11), other=st.sampled_from(ALPHABET))
def test_one_wrong_symbol_of_a_reference_is_seen(body: str, at: int, other: str) -> None:
    whole = body + check_symbol(body)

    wrong = whole[:at] + other + whole[at + 1 :]

    assert (wrong == whole) == (canonical_case_ref(wrong) is not None)


@given(text=st.text(max_size=20))
def test_no_text_makes_reading_a_reference_fail(text: str) -> None:
    assert canonical_case_ref(text) in (None, canonical_case_ref(canonical_case_ref(text) or ""))


def test_new_references_are_valid_and_differ() -> None:
    references = {new_case_ref() for _ in range(1_000)}

    assert references == {canonical_case_ref(reference) for reference in references}
    assert 1_000 == len(references)
