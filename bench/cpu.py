"""CPU time of this process and of a stack's servers, from /proc: it moves far less than wall time on a busy machine."""

import os
from pathlib import Path

from deploy.local.stack import Stack

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(stack: Stack) -> float:
    """User and system time used so far by this process, by PostgreSQL with all its backends and by Kafka."""
    roots = {child.pid for name, child in stack.children.items() if name in ("postgres", "kafka") and child.pid}
    return sum(_of(pid) for pid in {os.getpid(), *roots, *_children(roots)})


def _children(parents: set[int]) -> set[int]:
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(int(name))) and int(stat[1]) in parents:
            found.add(int(name))
    return found


def _of(pid: int) -> float:
    """Its own time and that of its children that have ended."""
    stat = _stat(pid)
    return sum(int(field) for field in stat[11:15]) / TICKS if stat else 0.0


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
