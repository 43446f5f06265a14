"""`puente send` and the countries' ways of sending, against an intake that only listens."""

import http.server
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.state import write_private
from deploy.senders import IntakeAway, send
from services.intake.api.senders import Senders
from services.intake.settings import SystemCredentials
from shared.web.problems import Problem

SECRET = "whsec_cHVlbnRlIGlzIGEgYnJpZGdlIG9mIGludmVudGVkIHNlY3JldHM="
ACCEPTED = {
    "batch_id": "b",
    "counts": {"accepted": 1},
    "receipts": [
        {"index": 0, "id": "US-1", "revision": 1, "receipt": "accepted", "case_ref": "NA7K-3QF2-M9X0", "codes": [],
         "warnings": ["no_contact"], "errors": []}
    ],
}  # fmt: skip
QUARANTINED: dict[str, Any] = {
    "batch_id": "b",
    "counts": {"quarantined": 1},
    "receipts": [
        {"index": 0, "id": "US-1", "revision": 1, "receipt": "quarantined", "case_ref": None,
         "codes": ["identifier_invalid"], "warnings": [],
         "errors": [{"pointer": "/applicants/0/aNumber", "code": "identifier_invalid", "detail": "too short"}]}
    ],
}  # fmt: skip


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Intake:
    """Answers every document alike and keeps what it was sent."""

    url: str
    status: int = 202
    answer: Any = field(default_factory=lambda: ACCEPTED)
    requests: list[Request] = field(default_factory=list)

    @property
    def config(self) -> dict[str, Any]:
        return {
            "services": {"intake": self.url},
            "systems": {"us": {"secret": SECRET}, "mx": {"token": "mx-token"}, "ca": {"token": "ca-token"}},
        }


@pytest.fixture
def intake() -> Iterator[Intake]:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known.requests.append(
                Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            self.send_response(known.status)
            self.end_headers()
            self.wfile.write(json.dumps(known.answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        known = Intake(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield known
        server.shutdown()


@pytest.fixture
def state_dir(tmp_path: Path, intake: Intake) -> Path:
    write_private(tmp_path / "dev.json", intake.config)
    return tmp_path


def test_a_us_document_is_signed_so_that_any_changed_byte_is_seen(intake: Intake) -> None:
    body = '{"messageId": "1", "name": "Güemes"}\n'.encode()

    send(intake.config, "us", body, delivery_id="d-1")

    (request,) = intake.requests
    assert ("/v1/systems/us/results", body) == (request.path, request.body)
    Webhook(SECRET).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"1", b"2"), request.headers)


def test_a_us_document_with_bytes_that_are_no_utf_8_is_signed_as_it_is(intake: Intake) -> None:
    body = b'{"messageId": "1", "name": "Nu\xf1ez"}\n'

    send(intake.config, "us", body, delivery_id="d-1")

    (request,) = intake.requests
    assert body == request.body
    senders = Senders({"us": SystemCredentials(secrets=[SecretStr(SECRET)])})
    senders.require_signature("us", Headers(request.headers), request.body)
    with pytest.raises(Problem):
        senders.require_signature("us", Headers(request.headers), request.body.replace(b"1", b"2"))


def test_a_us_document_that_goes_again_keeps_its_delivery_id(intake: Intake) -> None:
    for _ in range(2):
        send(intake.config, "us", b"{}", delivery_id="d-1")

    assert ["d-1", "d-1"] == [request.headers["webhook-id"] for request in intake.requests]


@pytest.mark.parametrize(
    ("system", "path", "content_type"),
    [("mx", "/v1/systems/mx/batches", "text/csv"), ("ca", "/v1/systems/ca/results", "application/xml")],
)
def test_mexico_and_canada_send_their_bytes_as_they_are_under_their_own_token(
    intake: Intake, system: str, path: str, content_type: str
) -> None:
    send(intake.config, system, b"Nu\xf1ez", delivery_id="d-1")

    (request,) = intake.requests
    assert (path, b"Nu\xf1ez", content_type) == (request.path, request.body, request.headers["content-type"])
    assert f"Bearer {system}-token" == request.headers["authorization"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_intake_that_cannot_take_a_document_now_is_away(intake: Intake, status: int) -> None:
    intake.status = status

    with pytest.raises(IntakeAway):
        send(intake.config, "ca", b"<x/>", delivery_id="d-1")


def puente_send(state_dir: Path, *options: str) -> Any:
    file = state_dir / "results.ndjson"
    file.write_text("{}\n")
    return CliRunner().invoke(
        app, ["send", "us", str(file), "--state-dir", str(state_dir), *options], env={"COLUMNS": "160"}
    )


def test_receipts_are_shown_as_a_table_with_the_case_reference(state_dir: Path) -> None:
    result = puente_send(state_dir)

    assert 0 == result.exit_code
    assert all(word in result.stdout for word in ("US-1", "accepted", "NA7K-3QF2-M9X0", "no_contact"))


def test_a_quarantined_result_is_explained_and_makes_the_exit_status_1(state_dir: Path, intake: Intake) -> None:
    intake.answer = QUARANTINED

    result = puente_send(state_dir)

    assert 1 == result.exit_code
    assert "identifier_invalid at /applicants/0/aNumber: too short" in result.stdout


def test_a_result_whose_id_looks_like_markup_is_shown_as_it_is(state_dir: Path, intake: Intake) -> None:
    intake.answer = {**QUARANTINED, "receipts": [{**QUARANTINED["receipts"][0], "id": "[/US-1]"}]}

    result = puente_send(state_dir)

    assert 1 == result.exit_code
    assert "[/US-1]" in result.stdout


def test_as_json_intakes_answer_is_one_line(state_dir: Path, intake: Intake) -> None:
    intake.answer = QUARANTINED

    result = puente_send(state_dir, "--json")

    assert 1 == result.exit_code
    assert [QUARANTINED] == [json.loads(line) for line in result.stdout.splitlines()]


def test_a_document_that_intake_cannot_read_is_reported_with_its_reason(state_dir: Path, intake: Intake) -> None:
    intake.status, intake.answer = 422, {"title": "Unprocessable", "detail": "line 3 is no JSON"}

    result = puente_send(state_dir)

    assert 1 == result.exit_code
    assert "intake refused the document (HTTP 422): line 3 is no JSON\n" == result.stderr


def test_each_sending_by_hand_is_a_delivery_of_its_own(state_dir: Path, intake: Intake) -> None:
    for _ in range(2):
        puente_send(state_dir)

    ids = [uuid.UUID(request.headers["webhook-id"]) for request in intake.requests]
    assert 2 == len(set(ids))


def test_when_nothing_runs_one_sentence_says_so_and_the_exit_status_is_2(state_dir: Path) -> None:
    (state_dir / "dev.json").unlink()

    result = puente_send(state_dir)

    assert 2 == result.exit_code
    assert 1 == len(result.stderr.splitlines())
    assert "nothing runs here" in result.stderr


def test_when_intake_is_gone_one_sentence_says_so_and_the_exit_status_is_2(state_dir: Path, intake: Intake) -> None:
    write_private(state_dir / "dev.json", {**intake.config, "services": {"intake": "http://127.0.0.1:9"}})

    result = puente_send(state_dir)

    assert 2 == result.exit_code
    assert 1 == len(result.stderr.splitlines())
    assert "intake does not answer" in result.stderr
