"""Programs in the place of the services, for tests of what starts and stops them."""

import sys
from pathlib import Path

STAND_IN = """
import http.server, json, os, pathlib, sys

prepared = pathlib.Path(sys.argv[1])
if sys.argv[-1] == "prepare":
    prepared.touch()
    sys.exit(0)
assert prepared.exists(), "serve came before prepare"

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        told = {name: value for name, value in os.environ.items() if name.startswith(("PUENTE_", "PYTHONTZPATH"))}
        self.wfile.write(json.dumps(told).encode())
    def log_message(self, *_):
        pass

http.server.HTTPServer((os.environ["PUENTE_HOST"], int(os.environ["PUENTE_PORT"])), Answers).serve_forever()
"""


def stand_ins(folder: Path) -> dict[str, list[str]]:
    """How to run a stand-in for each service: it knows `prepare` and `serve`, and answers every GET with what it was told."""
    program = folder / "stand_in.py"
    program.write_text(STAND_IN)
    return {
        name: [sys.executable, str(program), str(folder / f"{name}.prepared")]
        for name in ("intake", "scheduling", "notifications")
    }


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
