"""How long those wait who ask for codes again and again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.access.logins import Asked, Opened, network_of
from services.scheduling.domain.logins import (
    FOR_A_CASE,
    FOR_A_CASE_FROM_EVERYWHERE,
    FOR_AN_ADDRESS,
    FOR_EVERYONE,
    WRONG_FROM_A_NETWORK,
    WRONG_FROM_EVERYWHERE,
    Patience,
    Pressure,
    one_more,
)
from shared.crypto import KeyedHash
from tests.builders import NOW

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PATIENCES = [
    FOR_A_CASE,
    FOR_A_CASE_FROM_EVERYWHERE,
    FOR_AN_ADDRESS,
    FOR_EVERYONE,
    WRONG_FROM_A_NETWORK,
    WRONG_FROM_EVERYWHERE,
]


def test_the_first_ones_cost_nothing_and_who_goes_on_waits_longer_and_longer() -> None:
    pressure, now, waits = None, NOW, []
    for _ in range(9):
        pressure = one_more(pressure, FOR_A_CASE, now)
        waits.append(pressure.free_at - now)
        now = pressure.free_at

    assert [0, 0, 2, 4, 8, 16, 32, 32, 60] == [wait / timedelta(minutes=1) for wait in waits]


@pytest.mark.parametrize(
    ("patience", "most"),
    [(FOR_A_CASE, 35), (FOR_A_CASE_FROM_EVERYWHERE, 85), (WRONG_FROM_A_NETWORK, 15), (WRONG_FROM_EVERYWHERE, 50)],
)
def test_who_tries_a_whole_day_long_gets_few_codes_or_answers_and_so_few_guesses(patience: Patience, most: int) -> None:
    pressure, now, codes = one_more(None, patience, NOW), NOW, 1
    while (now := max(now, pressure.free_at)) < NOW + timedelta(days=1):
        pressure, codes = one_more(pressure, patience, now), codes + 1

    assert codes < most


def test_pressure_is_forgotten_with_time() -> None:
    pressed = Pressure(8.0, NOW, NOW)

    assert one_more(pressed, FOR_A_CASE, NOW + timedelta(hours=16)).free_at == NOW + timedelta(hours=16)


@pytest.mark.parametrize("patience", PATIENCES)
@given(weight=st.floats(0, 1e9), idle=st.integers(0, 10**7))
def test_nobody_waits_longer_than_the_longest_wait(patience: object, weight: float, idle: int) -> None:
    now = NOW + timedelta(seconds=idle)
    assert isinstance(patience, type(FOR_A_CASE))

    assert one_more(Pressure(weight, NOW, NOW), patience, now).free_at - now <= patience.longest_wait


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_one_household_or_office_counts_as_one_address(address: str, network: str) -> None:
    assert network == network_of(address)


def test_all_networks_of_one_customer_are_one_where_only_a_case_is_counted() -> None:
    assert "2001:db8:1::/48" == network_of("2001:db8:1:2:3:4:5:6", ipv6_prefix=48)
    assert "203.0.113.7" == network_of("203.0.113.7", ipv6_prefix=48)


def test_hashes_of_one_purpose_say_nothing_about_those_of_another() -> None:
    codes, browsers = KeyedHash(KEY, "codes"), KeyedHash(KEY, "browsers")

    assert codes.of("a") == KeyedHash(KEY, "codes").of("a")
    assert 4 == len({codes.of("a"), browsers.of("a"), codes.of("a", "b"), codes.of("ab")})


def test_codes_and_sessions_do_not_show_when_they_are_printed() -> None:
    assert "012345" not in repr(Asked("NA7K-3QF2-M9X0", "012345", None))
    assert "secret" not in repr(Opened("secret"))
