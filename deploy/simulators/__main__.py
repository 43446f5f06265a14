"""One country's system as a program: sends, waits, goes on; until it is stopped."""

import logging
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from deploy.local.errors import LocalError
from deploy.local.state import read_dev
from deploy.senders import Answer, IntakeAway, send
from deploy.simulators.reference import Programme, open_programmes
from deploy.simulators.sending import FORMATS, Delivery, Progress, read_progress, with_next_document, write_progress

log = logging.getLogger("simulator")

PAUSE_SECONDS = (10.0, 25.0)
"""Between two documents: a few a minute."""

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.5, 15.0


def main(
    system: str,
    state_dir: Annotated[Path, typer.Option(help="Where the running Puente keeps its state.")] = Path(".puente"),
) -> None:
    """Be the eligibility system of SYSTEM (us, mx, ca)."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if system not in FORMATS:
        raise typer.BadParameter(f"{system} is none of {', '.join(FORMATS)}")
    file, programmes, pauses = state_dir / "simulators" / f"{system}.json", open_programmes(system), Random()
    progress = read_progress(file)
    while True:
        progress = send_next(system, state_dir, file, progress, programmes)
        time.sleep(pauses.uniform(*PAUSE_SECONDS))


def send_next(system: str, state_dir: Path, file: Path, progress: Progress, programmes: list[Programme]) -> Progress:
    """The progress after one more document was answered; what was pending goes first."""
    if progress.pending is None:
        progress = with_next_document(progress, programmes, system, datetime.now(UTC))
        write_progress(file, progress)
    if progress.pending is not None:
        _report(system, _answer(system, state_dir, progress.pending))
    progress = replace(progress, pending=None)
    write_progress(file, progress)
    return progress


def _answer(system: str, state_dir: Path, delivery: Delivery) -> Answer:
    """Intake's answer, however long it takes."""
    pause = FIRST_RETRY_SECONDS
    while True:
        try:
            config = read_dev(state_dir)
            return send(config, system, delivery.body.encode(), delivery_id=delivery.delivery_id)
        except (IntakeAway, LocalError) as away:
            log.info("%s: %s; the same document goes again in %.1f s", system, away, pause)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)


def _report(system: str, answer: Answer) -> None:
    if answer.was_taken:
        counts = Counter(receipt["receipt"] for receipt in answer.receipts)
        log.info("%s: %s", system, ", ".join(f"{count} {word}" for word, count in counts.items()))
    else:
        log.warning("%s: intake refused the document (HTTP %d)", system, answer.status)


if __name__ == "__main__":
    typer.run(main)
