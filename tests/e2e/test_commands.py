"""`puente send` and `puente trace` as programs of their own, beside the running system."""

import json
from datetime import UTC, datetime
from pathlib import Path

from deploy.simulators import ca, mx
from tests.e2e.command import puente as command
from tests.e2e.households import a_household
from tests.e2e.running import Running


async def test_send_prints_a_receipt_for_each_result_and_succeeds(puente: Running, tmp_path: Path) -> None:
    file = tmp_path / "results.xml"
    file.write_bytes(ca.document([a_household("CA-RST", language="fr")], datetime.now(UTC)))

    table = await command("send", "ca", str(file), folder=puente.folder)
    again = await command("send", "ca", str(file), "--json", folder=puente.folder)

    [receipt] = json.loads(again.stdout)["receipts"]
    assert (0, 0) == (table.returncode, again.returncode)
    assert receipt["case_ref"] in table.stdout and "1 accepted" in table.stdout
    assert "duplicate" == receipt["receipt"]


async def test_send_fails_when_a_result_is_quarantined_and_says_why(puente: Running, tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    file.write_bytes(mx.document([a_household("MX-REF", identifiers_valid=False)], datetime.now(UTC)))

    done = await command("send", "mx", str(file), folder=puente.folder)

    assert 1 == done.returncode
    assert "quarantined" in done.stdout and "identifier_invalid" in done.stdout


async def test_send_fails_when_the_document_is_refused(puente: Running, tmp_path: Path) -> None:
    file = tmp_path / "results.xml"
    file.write_text("<!DOCTYPE x><x/>")

    done = await command("send", "ca", str(file), folder=puente.folder)

    assert (1, "") == (done.returncode, done.stdout)
    assert "HTTP 400" in done.stderr


async def test_trace_prints_the_way_of_a_case_through_the_three_services(puente: Running) -> None:
    case_ref = await puente.let_in(a_household("US-RFA", language="en"))
    await puente.trace_with(case_ref, "send notice offered", "look up contact", "send notifications.notices")

    done = await command("trace", case_ref, folder=puente.folder)

    spans = ("POST /v1/systems/us/results", "process intake.cases", "send notice offered", "look up contact")
    assert 0 == done.returncode
    assert [True] * len(spans) == [name in done.stdout for name in spans]
    assert [True] * 3 == [service in done.stdout for service in ("intake", "scheduling", "notifications")]


async def test_trace_of_a_case_that_nobody_knows_fails(puente: Running) -> None:
    done = await command("trace", "NA7K-3QF2-M9X0", folder=puente.folder)

    assert (1, "") == (done.returncode, done.stdout)
    assert "no trace of case" in done.stderr


async def test_commands_without_a_running_puente_say_how_to_start_it(tmp_path: Path) -> None:
    done = await command("trace", "NA7K-3QF2-M9X0", folder=tmp_path / "nothing")

    assert 2 == done.returncode
    assert "make run" in done.stderr
