"""Logs: one JSON object a line, an event name and ids. Never a name, a contact, a payload or a token."""

import logging
import sys
import traceback
from pathlib import Path

import structlog


def configure(service: str) -> None:
    """Sends every log line of this process to standard output, with the time in UTC and the service."""

    def add_service(_: object, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
        line["service"] = service
        return line

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_service,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each tick that finds the last one at work
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it logs every retry; we log what follows from them


def cause_of(error: BaseException) -> str:
    """Kind and place of a failure. Never its message: that could quote the event."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename] or list(frames)
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__qualname__} at {place}"
