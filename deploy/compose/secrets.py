"""The secrets of a Puente in containers: one master document, and for each container the files with its own alone.

secrets/secrets.json   all of them, as `make run` keeps them; only the one-shot containers see it
NAME/VARIABLE          what deploy/entrypoint gives the service NAME; each folder is a volume of that container
postgres/              the same for the database server
simulators/dev.json    what the simulators need to reach intake
"""

from collections.abc import Mapping
from pathlib import Path

from deploy.local.ports import Ports
from deploy.local.programs import service_environment, systems_config
from deploy.local.state import SERVICES, Document, StateDir, write_private

SECRET_VARIABLES = ("PUENTE_DATABASE_URL", "PUENTE_TOKENS", "PUENTE_DATA_KEY", "PUENTE_SYSTEMS", "PUENTE_LETTER_KEYS")
"""What of a service's environment must not stand in docker-compose.yml."""

PORT = 8000
"""Where every service listens inside its container."""


def make(folder: Path) -> None:
    """Writes every file that a container reads; secrets that exist stay as they are."""
    state = StateDir(folder / "secrets")
    known = state.secrets()
    for name in SERVICES:
        _write(folder / name, variables_of(name, state))
    _write(folder / "postgres", {"POSTGRES_PASSWORD": known["database_passwords"]["postgres"]})
    (folder / "simulators" / "simulators").mkdir(exist_ok=True)
    inside = {name: f"http://{name}:{PORT}" for name in SERVICES}
    write_private(folder / "simulators" / "dev.json", dev_config(known, inside))


def variables_of(name: str, state: StateDir) -> dict[str, str]:
    """The secret part of what a service is told: the same as under `make run`, with the container's database server."""
    told = service_environment(name, state, Ports.from_base(PORT))
    password = state.secrets()["database_passwords"][name]
    told["PUENTE_DATABASE_URL"] = f"postgresql://{name}:{password}@postgres:5432/{name}"
    return {variable: told[variable] for variable in SECRET_VARIABLES if variable in told}


def dev_config(known: Document, urls: Mapping[str, str]) -> Document:
    """What `puente send`, `puente trace` and the simulators need, with the services at `urls`: dev.json."""
    return {
        "services": dict(urls),
        "tokens": {role: token for role, token in known["tokens"].items() if role != "service"},
        "systems": systems_config(known),
    }


def _write(folder: Path, variables: Mapping[str, str]) -> None:
    """A file for each variable, for its owner's eyes only."""
    for variable, value in variables.items():
        file = folder / variable
        file.touch(mode=0o600)
        file.write_text(value, encoding="utf-8")
