import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.local.kept_classes import kept_classes

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
