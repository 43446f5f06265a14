"""The children that are ours: mail server, services, simulators."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from deploy.local.child import Program
from deploy.local.errors import LocalError
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import database_url
from deploy.local.state import SERVICES, Document, StateDir
from shared.web.authorities import authorities

SYSTEMS = ("us", "mx", "ca")

FOR_EVERY_PROGRAM = {"PYTHONTZPATH": "", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Zone data from the package, never the host's; output at once; what was compiled is kept for the next start."""


def url(port: int) -> str:
    return f"http://{HOST}:{port}"


def mail_server(mailbox: Path, port: int) -> Program:
    """Takes every message and puts it into a Maildir, of which the newest stay."""

    async def ready() -> bool:
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(HOST, port)
                greeting = await reader.readline()
                writer.close()
                return greeting.startswith(b"220")
        except (OSError, TimeoutError):
            return False

    command = [
        sys.executable,
        "-m",
        "aiosmtpd",
        "-n",
        "-c",
        "deploy.mailbox.NewestMails",
        str(mailbox),
        "-l",
        f"{HOST}:{port}",
    ]
    return Program("smtp", command, FOR_EVERY_PROGRAM, ready=ready, ports=(port,))


def countries(state: StateDir, port: int) -> Program:
    """Where the three countries' systems are told of appointments; what they were told lies in `countries/`."""

    async def ready() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=2, verify=authorities()) as client:
                return (await client.get(url(port))).status_code == 204
        return False

    words = ["--state-dir", str(state.path), "--host", HOST, "--port", str(port)]
    command = [sys.executable, "-m", "deploy.simulators.receiver", *words]
    return Program("countries", command, FOR_EVERY_PROGRAM, ready=ready, ports=(port,))


def service(name: str, state: StateDir, ports: Ports, command: Sequence[str]) -> Program:
    """A service as it serves; `command` is how to run it, without the word `serve`."""
    port = int(getattr(ports, name))

    async def ready() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=2, verify=authorities()) as client:
                return (await client.get(f"{url(port)}/readyz")).status_code == 200
        return False

    return Program(name, [*command, "serve"], service_environment(name, state, ports), ready=ready, ports=(port,))


async def prepare(program: Program, log: Path) -> None:
    """Runs the service's migrations and loads its reference data. Raises: LocalError when that fails."""
    command = [*program.command[:-1], "prepare"]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **program.environment}, process_group=0,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    with log.open("ab") as out:
        out.write(said)
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise LocalError(f"{program.name} could not prepare its database: {lines[-1]} (whole log: {log})")


def simulator(system: str, state: StateDir) -> Program:
    """One country's system, sending invented households."""
    command = [sys.executable, "-m", "deploy.simulators", system, "--state-dir", str(state.path)]
    return Program(f"simulator-{system}", command, FOR_EVERY_PROGRAM)


def service_environment(name: str, state: StateDir, ports: Ports) -> dict[str, str]:
    """What a service is told from outside: services/*/settings.py."""
    known = state.secrets()
    told = {
        **FOR_EVERY_PROGRAM,
        "PUENTE_DATABASE_URL": database_url(name, ports.postgres, known["database_passwords"]),
        "PUENTE_KAFKA": f"{HOST}:{ports.kafka}",
        "PUENTE_HOST": HOST,
        "PUENTE_PORT": str(getattr(ports, name)),
        "PUENTE_TOKENS": json.dumps(known["tokens"]),
        "PUENTE_DATA_KEY": known["data_keys"][name],
    }
    if name in ("intake", "notifications"):
        told["PUENTE_SCHEDULING_URL"] = url(ports.scheduling)
    if name == "intake":
        told["PUENTE_SYSTEMS"] = json.dumps(_accepted_systems(known))
        told["PUENTE_RECEIVER_URLS"] = json.dumps({system: f"{url(ports.countries)}/{system}" for system in SYSTEMS})
        told["PUENTE_NOTIFICATIONS_URL"] = url(ports.notifications)
    if name in ("scheduling", "notifications"):
        told["PUENTE_INTAKE_URL"] = url(ports.intake)
    if name == "scheduling":
        told["PUENTE_NOTIFICATIONS_URL"] = url(ports.notifications)
        told["PUENTE_LETTER_KEYS"] = json.dumps(known["letter_keys"])
    if name == "notifications":
        told |= {
            "PUENTE_PORTAL_URL": url(ports.scheduling),
            "PUENTE_SMTP_HOST": HOST,
            "PUENTE_SMTP_PORT": str(ports.smtp),
            "PUENTE_MAILBOX_DIR": str(state.path / "mailbox"),
        }
    return told


def dev_config(state: StateDir, ports: Ports) -> Document:
    """What programs need to talk to this Puente: dev.json."""
    known = state.secrets()
    return {
        "services": {name: url(getattr(ports, name)) for name in SERVICES},
        "tokens": {role: token for role, token in known["tokens"].items() if role != "service"},
        "systems": systems_config(known),
        "kafka": f"{HOST}:{ports.kafka}",
        "databases": {name: database_url(name, ports.postgres, known["database_passwords"]) for name in SERVICES},
        "mailbox": str(state.path / "mailbox"),
        "countries": str(state.path / "countries"),
    }


def systems_config(known: Document) -> Document:
    """What a country's system must know: how it proves who it is, and `ours`, by which it knows us."""
    return {system: {**known["systems"][system], "ours": known["ours"][system]} for system in SYSTEMS}


def _accepted_systems(known: Document) -> Document:
    """The same as intake is told it."""
    systems, ours = known["systems"], known["ours"]
    return {
        "us": {"secrets": [systems["us"]["secret"]], "ours": ours["us"]},
        "mx": {"tokens": [systems["mx"]["token"]], "ours": ours["mx"]},
        "ca": {"tokens": [systems["ca"]["token"]], "ours": ours["ca"]},
    }
