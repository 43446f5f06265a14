"""What a local Puente keeps between runs: everything lies in one directory, `.puente/`.

dev.json        what programs need to talk to the running Puente, as long as it runs (0600)
secrets.json    passwords, tokens and keys, made once (0600)
lock            held by the one process that runs here
logs/NAME.log   what each child printed
postgres/ kafka/ mailbox/ simulators/ countries/   the children's own data
"""

import base64
import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any, TextIO

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.errors import LocalError

SERVICES = ("intake", "scheduling", "notifications")
ROLES = ("ops", "scheduler", "officer", "assistant", "service")

Document = dict[str, Any]


class StateDir:
    """The directory, its lock and the documents in it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: TextIO | None = None

    def claim(self) -> None:
        """Makes the directory and holds it until `release`. Raises: LocalError when another process holds it."""
        for directory in (self.path, self.path / "logs", self.path / "simulators"):
            directory.mkdir(parents=True, exist_ok=True)
        # PostgreSQL runs as another user when we are root and has to pass through; the files with secrets are 0600.
        self.path.chmod(0o711)
        self._lock = _locked(self.path / "lock")
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()
        self.dev_file.unlink(missing_ok=True)

    def release(self) -> None:
        """Lets another process have the directory; nothing runs any more, so dev.json is gone."""
        if self._lock is not None:
            self.dev_file.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    @property
    def dev_file(self) -> Path:
        return self.path / "dev.json"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def secrets(self) -> Document:
        """The secrets of this directory; what is missing of them, since an older Puente made them, is made."""
        file = self.path / "secrets.json"
        known: Document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        made = _new_secrets()
        if missing := {name: made[name] for name in made if name not in known}:
            write_private(file, known | missing)
        return known | missing


def _locked(file: Path) -> TextIO:
    lock = file.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise LocalError(
            f"Puente already runs in {file.parent} (process {holder}): stop it with Ctrl-C, or choose another --state-dir"
        ) from None
    return lock


def _new_secrets() -> Document:
    return {
        "tokens": {role: secrets.token_urlsafe(32) for role in ROLES},
        "systems": {
            "us": {"secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()},
            "mx": {"token": secrets.token_urlsafe(32)},
            "ca": {"token": secrets.token_urlsafe(32)},
        },
        "ours": {
            "us": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "mx": secrets.token_urlsafe(32),
            "ca": secrets.token_urlsafe(32),
        },
        "data_keys": {service: base64.b64encode(secrets.token_bytes(32)).decode() for service in SERVICES},
        "letter_keys": {"1": _signing_key()},
        "database_passwords": {user: secrets.token_hex(24) for user in ("postgres", *SERVICES)},
    }


def _signing_key() -> str:
    """A new private key of P-256, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def write_private(file: Path, document: Document) -> None:
    """Puts the document there whole or not at all, for the owner's eyes only."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(document, out, indent=2)
        out.write("\n")
    draft.replace(file)


def read_dev(path: Path) -> Document:
    """The dev.json of a running Puente; a relative path is looked for in this folder and in those above it.

    Raises: LocalError when nothing runs there.
    """
    for folder in (Path.cwd(), *Path.cwd().parents):
        file = folder / path / "dev.json"
        if file.exists():
            found: Document = json.loads(file.read_text(encoding="utf-8"))
            return found
    raise LocalError(f"nothing runs here: there is no {path / 'dev.json'}; start Puente with `make run`")


def forget(path: Path) -> None:
    """Deletes the directory. Raises: LocalError when Puente runs in it, or when it is no such directory."""
    if not path.exists():
        return
    if not (path / "lock").exists():
        raise LocalError(f"{path} was not made by `make run`: it is left as it is")
    with _locked(path / "lock"):
        shutil.rmtree(path)
