"""Kafka's jars: fetched once from Maven Central by jgo, each compared with the lock file before Java sees it."""

import asyncio
import fcntl
import hashlib
import sys
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import requests
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from deploy.local.errors import LocalError

LOCK_FILE = Path(__file__).parents[1] / "kafka" / "jgo.lock.toml"
JARS_DIR = Path(sys.prefix) / "share" / "puente" / "maven"
"""Beside the installed packages: they go with the environment, not with the state of a run."""

DOWNLOADS = 6
"""At once; 46 jars of 44 MB together take about 5 s."""


@dataclass(frozen=True)
class Jar:
    """A jar that the lock file names."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> str:
        """Where a Maven repository keeps it."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.artifact}-{self.version}.jar"


def locked_jars(lock_file: Path = LOCK_FILE) -> list[Jar]:
    """The jars of the lock file. Raises: KeyError when one has no hash."""
    document: dict[str, Any] = tomllib.loads(lock_file.read_text(encoding="utf-8"))
    return [Jar(d["groupId"], d["artifactId"], d["version"], d["sha256"]) for d in document["dependencies"]]


async def kafka_class_path(
    on_progress: Callable[[str], None],
    *,
    jars_dir: Path = JARS_DIR,
    jars: Sequence[Jar] | None = None,
    repository: str = MAVEN_CENTRAL_URL,
) -> str:
    """Kafka's class path, after every jar on it was compared with its hash; missing ones are fetched.

    Raises: LocalError when one is missing and cannot be fetched, or is not the one that was locked.
    """
    wanted = locked_jars() if jars is None else jars
    with await asyncio.to_thread(only_one_at_a_time, jars_dir):
        missing = await asyncio.to_thread(lambda: [jar for jar in wanted if not _is_there(jar, jars_dir)])
        if missing:
            on_progress(f"fetching {len(missing)} Kafka jars (once)")
            await _fetch(missing, jars_dir, repository)
    return ":".join(str(jars_dir / jar.path) for jar in wanted)


def only_one_at_a_time(folder: Path) -> TextIO:
    """A lock on the folder that other processes wait for, until it is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / ".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _is_there(jar: Jar, jars_dir: Path) -> bool:
    """Whether it is there and the right one; half a download or another file is taken away, to be fetched anew."""
    file = jars_dir / jar.path
    if not file.exists():
        return False
    if _sha256(file) != jar.sha256:
        file.unlink()
        return False
    return True


async def _fetch(jars: Sequence[Jar], jars_dir: Path, repository: str) -> None:
    context = MavenContext(repo_cache=jars_dir, local_repos=[], remote_repos={"central": repository})
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(DOWNLOADS)
    try:
        await asyncio.gather(*(loop.run_in_executor(pool, _fetch_one, context, jar, jars_dir) for jar in jars))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C does not wait for what has not begun


def _fetch_one(context: MavenContext, jar: Jar, jars_dir: Path) -> None:
    try:
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (requests.RequestException, RuntimeError) as error:
        raise LocalError(
            f"the Kafka jar {jar.artifact}-{jar.version} cannot be fetched from Maven Central: connect to the network once ({type(error).__name__})"
        ) from error
    # jgo compares with the SHA-1 the same server sends, which says nothing about who made the file.
    if not _is_there(jar, jars_dir):
        raise LocalError(
            f"{jar.artifact}-{jar.version}.jar is not the file that {LOCK_FILE.name} names: it was not used"
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
