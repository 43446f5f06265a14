import hashlib
import http.server
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from jgo.env._lockfile import compute_spec_hash

from deploy.local.errors import LocalError
from deploy.local.jars import LOCK_FILE, Jar, kafka_class_path, locked_jars

CONTENT = b"what the author published"
JAR = Jar("org.example", "bridge", "1.0", hashlib.sha256(CONTENT).hexdigest())


class Repository(http.server.ThreadingHTTPServer):
    """A Maven repository with one jar in it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.content = content
        self.downloads = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(http.server.BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        content = self.server.content
        if self.path.endswith(".sha1"):
            content = hashlib.sha1(content).hexdigest().encode()  # noqa: S324 - what Maven repositories serve
        else:
            self.server.downloads += 1
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository(CONTENT) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


async def fetch(jars_dir: Path, repository: Repository) -> str:
    return await kafka_class_path(lambda _: None, jars_dir=jars_dir, jars=[JAR], repository=repository.url)


async def test_a_missing_jar_is_fetched_once(tmp_path: Path, repository: Repository) -> None:
    await fetch(tmp_path, repository)

    class_path = await fetch(tmp_path, repository)

    assert class_path == str(tmp_path / "org/example/bridge/1.0/bridge-1.0.jar")
    assert repository.downloads == 1


async def test_a_jar_that_is_not_the_locked_one_never_reaches_the_class_path(
    tmp_path: Path, repository: Repository
) -> None:
    repository.content = b"what someone else put there"  # with a SHA-1 that fits, as jgo wants it

    with pytest.raises(LocalError, match=r"bridge-1.0.jar is not the file"):
        await fetch(tmp_path, repository)

    assert not (tmp_path / JAR.path).exists()


async def test_a_jar_that_was_changed_on_the_disk_is_fetched_again(tmp_path: Path, repository: Repository) -> None:
    await fetch(tmp_path, repository)
    (tmp_path / JAR.path).write_bytes(CONTENT[:5])

    await fetch(tmp_path, repository)

    assert (tmp_path / JAR.path).read_bytes() == CONTENT


async def test_without_a_network_what_was_fetched_is_enough(tmp_path: Path, repository: Repository) -> None:
    await fetch(tmp_path, repository)
    repository.shutdown()
    repository.server_close()

    assert await fetch(tmp_path, repository)


async def test_without_a_network_and_jars_one_sentence_says_what_is_missing(
    tmp_path: Path, repository: Repository
) -> None:
    repository.shutdown()
    repository.server_close()

    with pytest.raises(LocalError, match=r"bridge-1.0 cannot be fetched .* connect to the network once"):
        await fetch(tmp_path, repository)


def test_every_locked_jar_has_a_hash_and_the_broker_its_own_client() -> None:
    jars = {jar.artifact: jar for jar in locked_jars()}

    assert all(len(jar.sha256) == 64 for jar in jars.values())
    assert jars["kafka_2.13"].version == jars["kafka-clients"].version


def test_the_lock_was_made_from_the_jgo_toml_beside_it() -> None:
    lock = tomllib.loads(LOCK_FILE.read_text(encoding="utf-8"))

    assert lock["metadata"]["spec_hash"] == compute_spec_hash(LOCK_FILE.with_name("jgo.toml"))
