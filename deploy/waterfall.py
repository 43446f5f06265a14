"""A trace as lines on a terminal: tree, service, time, bar."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from deploy.traces import Row, Trace

BAR_CELLS = 40
SERVICE_COLOURS = {"intake": "cyan", "scheduling": "green", "notifications": "magenta"}


def waterfall(trace: Trace, all_traces: Sequence[Trace]) -> Table:
    """One row per span; under it, which of the other traces it is linked to."""
    total = max((trace.ends_at - trace.starts_at).total_seconds(), 1e-6)
    table = Table(
        title=_title(trace, total),
        title_justify="left",
        caption=_links(trace, all_traces),
        caption_justify="left",
        box=None,
    )
    table.add_column("span", no_wrap=True)
    table.add_column("service")
    table.add_column("starts ms", justify="right")
    table.add_column("takes ms", justify="right")
    table.add_column("", width=BAR_CELLS, no_wrap=True)
    for row in trace.rows:
        offset = (row.span.starts_at - trace.starts_at).total_seconds()
        table.add_row(
            _name(row),
            Text(row.span.service, style=_colour(row)),
            f"{offset * 1000:.1f}",
            f"{row.span.duration.total_seconds() * 1000:.1f}",
            Text(bar(offset / total, row.span.duration.total_seconds() / total), style=_colour(row)),
        )
    return table


def bar(start: float, length: float) -> str:
    """A bar of BAR_CELLS for a share of the whole, from 0 to 1; never empty, never longer than its place."""
    first = min(int(start * BAR_CELLS), BAR_CELLS - 1)
    cells = max(round(length * BAR_CELLS), 1)
    return " " * first + "█" * min(cells, BAR_CELLS - first)


def _title(trace: Trace, total_seconds: float) -> str:
    return f"trace {trace.trace_id}  {trace.starts_at:%Y-%m-%d %H:%M:%S} UTC  {total_seconds * 1000:.1f} ms"


def _links(trace: Trace, all_traces: Sequence[Trace]) -> str | None:
    shown = {other.trace_id for other in all_traces}
    notes = [
        f"linked to trace {linked}{'' if linked in shown else ' (not shown: another case)'}" for linked in trace.links
    ]
    return "\n".join(notes) or None


def _name(row: Row) -> Text:
    branch = "  " * (row.depth - 1) + "└ " if row.depth else ""
    failed = row.span.status.upper() == "ERROR"
    return Text(f"{branch}{row.span.name}{' (failed)' if failed else ''}", style="red" if failed else "")


def _colour(row: Row) -> str:
    return SERVICE_COLOURS.get(row.span.service, "white")
