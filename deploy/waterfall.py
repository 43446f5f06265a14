"""A trace as lines on a terminal: tree, service, time, bar."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from deploy.traces import Row, Trace

BAR_CELLS = 16
SERVICE_COLOURS = {"intake": "cyan", "scheduling": "green", "notifications": "magenta"}


def waterfall(trace: Trace, all_traces: Sequence[Trace]) -> Table:
    """One row per span; under it, which other traces it is linked to."""
    total = max((trace.ends_at - trace.starts_at).total_seconds(), 1e-6)
    table = Table(box=None, expand=True, pad_edge=False, caption=_links(trace, all_traces), caption_justify="left")
    table.title, table.title_justify = _title(trace, total), "left"
    table.add_column("span", no_wrap=True, ratio=1)
    for heading, width in (("service", 13), ("from ms", 7), ("ms", 7), ("", BAR_CELLS)):
        table.add_column(heading, width=width, no_wrap=True, justify="right" if heading.endswith("ms") else "left")
    for row in trace.rows:
        offset, takes = (row.span.starts_at - trace.starts_at).total_seconds(), row.span.duration.total_seconds()
        table.add_row(
            _name(row),
            Text(row.span.service, style=_colour(row)),
            f"{offset * 1000:.1f}",
            f"{takes * 1000:.1f}",
            Text(bar(offset / total, takes / total), style=_colour(row)),
        )
    return table


def bar(start: float, length: float) -> str:
    """A bar of BAR_CELLS for a share of the whole, from 0 to 1; never empty, never longer than its place."""
    first = min(int(start * BAR_CELLS), BAR_CELLS - 1)
    cells = max(round(length * BAR_CELLS), 1)
    return " " * first + "█" * min(cells, BAR_CELLS - first)


def _title(trace: Trace, total_seconds: float) -> str:
    return f"trace {trace.trace_id}  {trace.starts_at:%Y-%m-%d %H:%M:%S}Z  {total_seconds * 1000:.1f} ms"


def _links(trace: Trace, all_traces: Sequence[Trace]) -> str | None:
    shown = {other.trace_id for other in all_traces}
    notes = [f"linked to trace {linked}{'' if linked in shown else ' (not shown)'}" for linked in trace.links]
    return "\n".join(notes) or None


def _name(row: Row) -> Text:
    branch = "  " * (row.depth - 1) + "└ " if row.depth else ""
    failed = row.span.status.upper() == "ERROR"
    return Text(f"{branch}{row.span.name}{' (failed)' if failed else ''}", style="red" if failed else "")


def _colour(row: Row) -> str:
    return SERVICE_COLOURS.get(row.span.service, "white")
