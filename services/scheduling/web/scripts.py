"""The scripts of the page that checks letters: modules as they are written, under an address that changes when they do."""

import gzip
import hashlib

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.scheduling.web.pages import FOR_A_YEAR, HERE, WITH_SCRIPT
from shared.web.problems import Problem

WORKER_AT = "/verify-worker.js"
"""It never changes, since browsers know a worker by it; at the root, so that it may answer for each language's page."""
WITH_SCRIPTS = {
    "Content-Security-Policy": f"{WITH_SCRIPT}; connect-src 'self'; worker-src 'self'",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
}
"""Headers of the page that checks letters: our own files, also kept by a worker, and the camera if the person allows it."""
OF_A_WORKER = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "no-cache"}
JAVASCRIPT = "text/javascript"


class Scripts:
    """The modules by their addresses, and the worker."""

    def __init__(self) -> None:
        files = {path.name: path.read_bytes() for path in sorted((HERE / "scripts").glob("*.js"))}
        self.worker = files.pop("worker.js")
        self.folder = f"/assets/verify-{hashlib.sha256(b''.join(files.values())).hexdigest()[:12]}"
        self.modules = {f"{self.folder}/{name}": file for name, file in files.items()}
        self.small = {path: gzip.compress(file, mtime=0) for path, file in self.modules.items()}
        self.first = f"{self.folder}/verify.js"
        """The one that the page begins with; the others are loaded by it."""


def add(portal: APIRouter, scripts: Scripts) -> None:
    """The modules, kept for a year by whoever loads them, and the worker, asked for anew each time."""

    @portal.get("/assets/{folder}/{name}")
    def module(request: Request, folder: str, name: str) -> Response:
        path = f"/assets/{folder}/{name}"
        if path not in scripts.modules:
            raise Problem(404, "not_found", "this file has a newer name: load the page again")
        headers = {"Cache-Control": FOR_A_YEAR, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(scripts.modules[path], media_type=JAVASCRIPT, headers=headers)
        return Response(scripts.small[path], media_type=JAVASCRIPT, headers={**headers, "Content-Encoding": "gzip"})

    @portal.get(WORKER_AT)
    def worker() -> Response:
        return Response(scripts.worker, media_type=JAVASCRIPT, headers=OF_A_WORKER)
