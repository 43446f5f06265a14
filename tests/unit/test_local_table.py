from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.table import page

CONFIG = {
    "services": {
        "intake": "http://127.0.0.1:8001",
        "scheduling": "http://127.0.0.1:8002",
        "notifications": "http://127.0.0.1:8003",
    }
}
STATES: dict[str, Any] = {
    "intake": {"counts": {"us": {"results": 66, "cases": 58, "told": 25}, "mx": {"results": 61, "cases": 57}}},
    "scheduling": {"counts": {"us": {"offers": 29, "waiting": 3}}},
    "notifications": {"counts": {"us": {"notices_sent": 27, "not_reachable": 2}}},
}


def shown(states: dict[str, Any], restarts: dict[str, int] | None = None) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(page(CONFIG, states, restarts or {}, tokens_in=Path(".puente/dev.json")))
    return capture.get()


def numbers(text: str, country: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if country in line)
    return line.replace(country, "").split()


def test_each_country_has_its_numbers_in_the_order_of_the_flow() -> None:
    assert ["66", "58", "29", "3", "27", "2", "25"] == numbers(shown(STATES), "United States")


def test_what_has_not_happened_yet_is_a_zero() -> None:
    assert ["61", "57", "0", "0", "0", "0", "0"] == numbers(shown(STATES), "Mexico")


def test_a_service_that_does_not_answer_is_a_dash_and_no_number() -> None:
    states = {name: state for name, state in STATES.items() if name != "scheduling"}

    assert ["66", "58", "-", "-", "27", "2", "25"] == numbers(shown(states), "United States")


def test_the_addresses_of_the_pages_are_shown() -> None:
    text = shown(STATES)

    assert "http://127.0.0.1:8002/openapi.json" in text
    assert "http://127.0.0.1:8003/mailbox" in text


def test_what_had_to_be_started_again_is_named() -> None:
    assert "started again: scheduling 2x" in shown(STATES, {"intake": 0, "scheduling": 2})
    assert "started again" not in shown(STATES, {"intake": 0})
