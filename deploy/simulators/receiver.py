"""The other side of the three countries' systems: takes what Puente tells them, each in its own form, and writes it down.

`python -m deploy.simulators.receiver --state-dir .puente --port 8080`: POST to /us, /mx, /ca. What was told lies in
`countries/us.ndjson` and so on, a line for each message, each once however often it came.
"""

import csv
import hmac
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any

import typer
from defusedxml import ElementTree
from standardwebhooks import Webhook, WebhookVerificationError

from deploy.local.errors import LocalError
from deploy.local.state import read_dev

log = logging.getLogger("receiver")

MOST_BYTES = 1_000_000
ELEMENT = "{urn:example:ca:appointments:1}Appointment"

Line = dict[str, Any]
"""`id` of the message, `case`, `state` in the country's word, and `said`: all of it as it came."""


def read_us(body: str) -> Iterator[Line]:
    for each in json.loads(body)["appointments"]:
        yield {"id": each["messageId"], "case": each["caseRef"], "state": each["status"], "said": each}


def read_mx(body: str) -> Iterator[Line]:
    *rows, total = body.splitlines()
    if total != f"#TOTAL;{len(rows) - 1}":
        raise ValueError("the sheet is cut")
    for each in csv.DictReader(io.StringIO("\n".join(rows)), delimiter=";"):
        yield {"id": each["mensaje"], "case": each["expediente"], "state": each["estado"], "said": each}


def read_ca(body: str) -> Iterator[Line]:
    for each in ElementTree.fromstring(body.encode()).iter(ELEMENT):
        parts = {part.tag.partition("}")[2].lower(): dict(part.attrib) for part in each}
        said = {**each.attrib, **parts}
        yield {"id": said["message"], "case": said["case"], "state": said["state"], "said": said}


def is_signed(ours: str, headers: Mapping[str, str], body: str) -> bool:
    try:
        Webhook(ours).verify(body, {name.lower(): value for name, value in headers.items()})
    except WebhookVerificationError:
        return False
    return True


def has_token(ours: str, headers: Mapping[str, str], body: str) -> bool:
    return hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {ours}".encode())


SYSTEMS: dict[str, tuple[Callable[[str], Iterator[Line]], Callable[[str, Mapping[str, str], str], bool]]] = {
    "us": (read_us, is_signed),
    "mx": (read_mx, has_token),
    "ca": (read_ca, has_token),
}


class Countries:
    """What was told so far. A message counts once, whatever happens between its arrival and our answer."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._folder = state_dir / "countries"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._ids = {line["id"] for file in self._folder.glob("*.ndjson") for line in _whole_lines(file)}

    def take(self, system: str, headers: Mapping[str, str], body: str) -> int:
        """The HTTP status of the answer."""
        if system not in SYSTEMS:
            return 404
        read, is_proved = SYSTEMS[system]
        try:
            ours = read_dev(self._state_dir)["systems"][system]["ours"]
        except LocalError:
            return 503  # Puente is still starting
        if not is_proved(ours, headers, body):
            return 401
        try:
            lines = list(read(body))
        except (ValueError, KeyError, ElementTree.ParseError):
            return 400
        self._keep(system, lines)
        return 204

    def told(self, system: str) -> list[Line]:
        """What a country was told, in the order in which it came."""
        file = self._folder / f"{system}.ndjson"
        return _whole_lines(file) if file.exists() else []

    def _keep(self, system: str, lines: list[Line]) -> None:
        with self._lock, (self._folder / f"{system}.ndjson").open("a", encoding="utf-8") as file:
            new = [line for line in lines if line["id"] not in self._ids]
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in new)
            self._ids |= {line["id"] for line in new}
        log.info("%s: %d told, %d of them again", system, len(lines), len(lines) - len(new))


def _whole_lines(file: Path) -> list[Line]:
    """What was written to its end; a last line that our own end cut off was never answered, comes again, and is taken out."""
    text = file.read_text("utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        file.write_text(whole, "utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def handler_for(countries: Countries) -> type[BaseHTTPRequestHandler]:
    """GET anything: we are here. POST /us, /mx, /ca."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(204)

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            if length > MOST_BYTES:
                return self._answer(413)
            body = self.rfile.read(length).decode("utf-8", errors="replace")
            self._answer(countries.take(self.path.strip("/"), {k.lower(): v for k, v in self.headers.items()}, body))

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """We say ourselves what came."""

    return Handler


def main(
    port: Annotated[int, typer.Option(help="Where to listen.")],
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    state_dir: Annotated[Path, typer.Option(help="Where the running Puente keeps its state.")] = Path(".puente"),
) -> None:
    """Be what the eligibility systems of all three countries listen with."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    ThreadingHTTPServer((host, port), handler_for(Countries(state_dir))).serve_forever()


if __name__ == "__main__":
    typer.run(main)
