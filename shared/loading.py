"""Imported before all else by a service's `__main__`: nothing is loaded that it does not use, and the collector waits meanwhile.

What modules make stays, and looking at it again and again took a seventh of the start. `main` lets the collector go on.
"""

import gc
import sys

UNUSED = ("rich", "psutil", "pydantic.v1")
"""Who would load them goes on without: structlog and httpx to draw in a terminal, OpenTelemetry to describe the process,
FastAPI to refuse models of another time. A fifteenth of the start."""

gc.disable()
for name in UNUSED:
    sys.modules[name] = None  # type: ignore[assignment]  # which says that it is not there
