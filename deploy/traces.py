"""A case's traces as a waterfall: every service is asked for what it saw, and the parts are put together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

Document = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """One step of a trace in one service."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    service: str
    starts_at: datetime
    duration: timedelta
    status: str
    linked_traces: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Document) -> "Span":
        return cls(
            trace_id=document["trace_id"],
            span_id=document["span_id"],
            parent_id=document["parent_id"],
            name=document["name"],
            kind=document["kind"],
            service=document["service"],
            starts_at=datetime.fromisoformat(document["starts_at"]),
            duration=timedelta(milliseconds=document["duration_ms"]),
            status=document["status"],
            linked_traces=tuple(link["trace_id"] for link in document.get("links", [])),
        )

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration


@dataclass(frozen=True)
class Row:
    """A span at its depth in the tree."""

    span: Span
    depth: int


@dataclass(frozen=True)
class Trace:
    """The spans of one trace, in tree order: children after their parent, the earliest first."""

    trace_id: str
    rows: tuple[Row, ...]

    @property
    def starts_at(self) -> datetime:
        return min(row.span.starts_at for row in self.rows)

    @property
    def ends_at(self) -> datetime:
        return max(row.span.ends_at for row in self.rows)

    @property
    def links(self) -> tuple[str, ...]:
        """The other traces that its spans point to, in the order of the spans."""
        found = (linked for row in self.rows for linked in row.span.linked_traces if linked != self.trace_id)
        return tuple(dict.fromkeys(found))


@dataclass
class Collected:
    """All spans that could be had, and the services that did not answer."""

    spans: list[Span] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)


def collect(config: Document, case_ref: str) -> Collected:
    """Every span of every trace in which any service has seen the case. `config` is dev.json."""
    collected = Collected()
    with httpx.Client(headers={"authorization": f"Bearer {config['tokens']['ops']}"}, timeout=10) as client:

        def ask(question: dict[str, str]) -> list[Span]:
            found = []
            for service, url in config["services"].items():
                try:
                    answer = client.get(f"{url}/ops/spans", params=question)
                    answer.raise_for_status()
                except httpx.HTTPError:
                    collected.silent.add(service)
                else:
                    found += [Span.read(document) for document in answer.json()]
            return found

        collected.spans = ask({"case_ref": case_ref})
        for trace_id in sorted({span.trace_id for span in collected.spans}):
            collected.spans += ask({"trace_id": trace_id})
    return collected


def merge(spans: Iterable[Span]) -> list[Trace]:
    """The traces of the spans, oldest first; a span that two answers hold counts once.

    A span whose parent is not among them stands at the root, so nothing is left out.
    """
    by_trace: dict[str, dict[str, Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, {})[span.span_id] = span
    traces = [Trace(trace_id, tuple(_in_tree_order(list(of_one.values())))) for trace_id, of_one in by_trace.items()]
    return sorted(traces, key=lambda trace: (trace.starts_at, trace.trace_id))


def _in_tree_order(spans: list[Span]) -> list[Row]:
    known = {span.span_id for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.starts_at, span.span_id)):
        children.setdefault(span.parent_id if span.parent_id in known else None, []).append(span)
    rows: list[Row] = []
    waiting = [Row(span, 0) for span in reversed(children.get(None, []))]
    while waiting:
        row = waiting.pop()
        rows.append(row)
        waiting += [Row(span, row.depth + 1) for span in reversed(children.get(row.span.span_id, []))]
    return rows
