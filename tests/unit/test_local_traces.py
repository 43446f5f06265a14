import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.state import write_private
from deploy.traces import Span, Trace, merge
from deploy.waterfall import BAR_CELLS, bar, waterfall

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CASE = "NA7K-3QF2-M9X0"


def a_span(span_id: str, *, parent: str | None = None, at_ms: float = 0, **changes: Any) -> dict[str, Any]:
    return {
        "trace_id": "t1",
        "span_id": span_id,
        "parent_id": parent,
        "name": f"step {span_id}",
        "kind": "internal",
        "service": "intake",
        "starts_at": (NOON + timedelta(milliseconds=at_ms)).isoformat(),
        "duration_ms": 10.0,
        "status": "ok",
        "attributes": {},
        "links": [],
        **changes,
    }


def tree(*documents: dict[str, Any]) -> list[tuple[str, int]]:
    (trace,) = merge(Span.read(document) for document in documents)
    return [(row.span.span_id, row.depth) for row in trace.rows]


def shown(traces: list[Trace], index: int = 0) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(waterfall(traces[index], traces))
    return capture.get()


def test_spans_of_three_services_make_one_tree_with_children_after_their_parents() -> None:
    spans = [
        a_span("notify", parent="offer", at_ms=30, service="notifications"),
        a_span("offer", parent="result", at_ms=20, service="scheduling"),
        a_span("result"),
        a_span("publish", parent="result", at_ms=10),
    ]

    assert [("result", 0), ("publish", 1), ("offer", 1), ("notify", 2)] == tree(*spans)


def test_a_span_that_two_answers_hold_is_shown_once() -> None:
    assert [("a", 0)] == tree(a_span("a"), a_span("a"))


def test_a_span_whose_parent_was_never_stored_is_shown_all_the_same() -> None:
    assert [("a", 0), ("b", 0)] == tree(a_span("a"), a_span("b", parent="lost", at_ms=5))


def test_traces_come_oldest_first() -> None:
    spans = [a_span("b", trace_id="late", at_ms=500), a_span("a", trace_id="early")]

    assert ["early", "late"] == [trace.trace_id for trace in merge(Span.read(document) for document in spans)]


def test_a_link_to_another_trace_is_noted_under_the_waterfall() -> None:
    spans = [
        a_span("post", trace_id="post-trace"),
        a_span("result", at_ms=5, links=[{"trace_id": "post-trace", "span_id": "post"}]),
        a_span("retry", at_ms=6, links=[{"trace_id": "far", "span_id": "x"}, {"trace_id": "t1", "span_id": "result"}]),
    ]
    traces = merge(Span.read(document) for document in spans)

    text = shown(traces, index=1)

    assert "linked to trace post-trace" in text
    assert "post-trace (not shown" not in text
    assert "linked to trace far (not shown" in text
    assert "linked to trace t1" not in text


def test_the_waterfall_says_who_did_what_when_and_for_how_long() -> None:
    spans = [a_span("a", duration_ms=80.0), a_span("b", parent="a", at_ms=40, service="scheduling", status="error")]

    lines = shown(merge(Span.read(document) for document in spans)).splitlines()

    assert "80.0 ms" in lines[0]
    first, second = (line for line in lines if "step" in line)
    assert ["step", "a", "intake", "0.0", "80.0", "█" * BAR_CELLS] == first.split()
    assert "└ step b (failed)" in second
    assert ["scheduling", "40.0", "10.0", "█" * round(BAR_CELLS / 8)] == second.split()[-4:]


@given(start=st.floats(0, 1), length=st.floats(0, 1))
def test_a_bar_is_never_empty_and_never_longer_than_its_place(start: float, length: float) -> None:
    drawn = bar(start, length)

    assert "█" in drawn
    assert len(drawn) <= BAR_CELLS


class Service(http.server.ThreadingHTTPServer):
    """A service that knows some spans."""

    def __init__(self, spans: list[dict[str, Any]], of_case: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.spans, self.of_case = spans, of_case
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(http.server.BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        assert self.headers["authorization"] == "Bearer ops-token"
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        wanted = self.server.of_case if asked.get("case_ref") == CASE else [asked.get("trace_id")]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([span for span in self.server.spans if span["trace_id"] in wanted]).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def services() -> Iterator[dict[str, Service]]:
    made = {
        "intake": Service([a_span("a"), a_span("z", trace_id="other")], of_case=["t1"]),
        "scheduling": Service([a_span("b", parent="a", at_ms=5, service="scheduling")], of_case=["t1"]),
        # has seen the trace without knowing whose case it is
        "notifications": Service([a_span("c", parent="b", at_ms=9, service="notifications")], of_case=[]),
    }
    yield made
    for service in made.values():
        service.shutdown()
        service.server_close()


def puente_trace(state_dir: Path, services: dict[str, Service], case_ref: str = CASE) -> Any:
    urls = {name: service.url for name, service in services.items()}
    write_private(state_dir / "dev.json", {"services": urls, "tokens": {"ops": "ops-token"}})
    return CliRunner().invoke(app, ["trace", case_ref, "--state-dir", str(state_dir)], env={"COLUMNS": "160"})


def test_every_service_is_asked_for_the_case_and_for_each_of_its_traces(
    tmp_path: Path, services: dict[str, Service]
) -> None:
    result = puente_trace(tmp_path, services)

    assert 0 == result.exit_code
    assert ["step a", "step b", "step c"] == [f"step {name}" for name in "abcz" if f"step {name}" in result.stdout]
    assert 1 == result.stdout.count("trace t1")


def test_a_service_that_does_not_answer_is_named(tmp_path: Path, services: dict[str, Service]) -> None:
    services["notifications"].shutdown()
    services["notifications"].server_close()

    result = puente_trace(tmp_path, services)

    assert 0 == result.exit_code
    assert "notifications did not answer: its spans are missing\n" == result.stderr
    assert "step b" in result.stdout


def test_an_unknown_case_has_no_trace_and_the_exit_status_is_1(tmp_path: Path, services: dict[str, Service]) -> None:
    result = puente_trace(tmp_path, services, case_ref="0000-0000-0000")

    assert 1 == result.exit_code
    assert "no trace of case 0000-0000-0000" in result.stderr


def test_a_case_is_found_in_whatever_way_its_reference_is_typed(tmp_path: Path, services: dict[str, Service]) -> None:
    result = puente_trace(tmp_path, services, case_ref="na7k 3qf2 m9xo")

    assert 0 == result.exit_code
    assert "step a" in result.stdout


@pytest.mark.parametrize("typed", ["", "NA7K", "NA7K-3QF2-M9X1"])
def test_what_can_be_no_reference_is_said_to_be_none(tmp_path: Path, services: dict[str, Service], typed: str) -> None:
    result = puente_trace(tmp_path, services, case_ref=typed)

    assert 1 == result.exit_code
    assert f"{typed!r} is no reference of a case: one looks like NA7K-3QF2-M9X0\n" == result.stderr


def test_when_no_service_answers_one_sentence_says_so_and_the_exit_status_is_2(
    tmp_path: Path, services: dict[str, Service]
) -> None:
    for service in services.values():
        service.shutdown()
        service.server_close()

    result = puente_trace(tmp_path, services)

    assert 2 == result.exit_code
    assert "no service answers: start Puente with `make run`\n" == result.stderr
