import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.local.kept import kept_classes, kept_first_records

OPTIONS = ["-Xmx256m"]


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    file = tmp_path / "kafka.jar"
    file.write_bytes(b"classes")
    return file


def maker(made: list[str], *, fails: bool = False) -> Callable[[Path], Awaitable[None]]:
    async def make(file: Path) -> None:
        made.append(file.name)
        if not fails:
            await asyncio.to_thread(file.write_bytes, b"kept")

    return make


async def test_classes_are_kept_once(jar: Path, tmp_path: Path) -> None:
    made: list[str] = []

    first, second = [await kept_classes(str(jar), OPTIONS, maker(made), folder=tmp_path / "java") for _ in range(2)]
    [file] = (tmp_path / "java").glob("kafka-*")

    assert 1 == len(made)
    assert first == second
    assert (f"-XX:AOTCache={file}", b"kept") == (first[0], file.read_bytes())


@pytest.mark.parametrize("options", [OPTIONS, ["-Xmx512m"]])
async def test_another_jar_or_option_makes_new_ones_in_place_of_the_old(
    jar: Path, tmp_path: Path, options: list[str]
) -> None:
    made: list[str] = []
    await kept_classes(str(jar), ["-Xmx256m"], maker(made), folder=tmp_path / "java")
    other = tmp_path / "other.jar"
    other.write_bytes(b"others")

    class_path = str(other if options == OPTIONS else jar)
    await kept_classes(class_path, options, maker(made), folder=tmp_path / "java")

    assert 2 == len(set(made))
    assert 1 == len(list((tmp_path / "java").glob("kafka-*")))


async def test_when_none_could_be_kept_java_is_told_of_none(jar: Path, tmp_path: Path) -> None:
    assert [] == await kept_classes(str(jar), OPTIONS, maker([], fails=True), folder=tmp_path / "java")


async def test_how_a_log_begins_is_kept_once_beside_the_classes_and_again_for_another_release(
    jar: Path, tmp_path: Path
) -> None:
    made: list[str] = []
    folder, other = tmp_path / "java", tmp_path / "other.jar"
    other.write_bytes(b"others")
    await kept_classes(str(jar), OPTIONS, maker([]), folder=folder)

    first, second = [await kept_first_records(str(jar), maker(made), folder=folder) for _ in range(2)]
    later = await kept_first_records(str(other), maker(made), folder=folder)

    assert (first, 2) == (second, len(set(made)))
    assert [later] == list(folder.glob("log-*"))
    assert 1 == len(list(folder.glob("kafka-*")))
