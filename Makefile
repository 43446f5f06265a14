# Everything here works with Python 3.11+, make and the package indexes. ARGS go to the program: make run ARGS="--port-base 9000"
# One shell per recipe, so that `exit` ends it; .venv/.ready says that the locked packages are installed.
.ONESHELL:
.SILENT:
.PHONY: run test check faults bench clean-state
# Every start of a service would compile all it imports again, three seconds of a core.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
STYLE := services/scheduling/web/static/portal.css
AUDIO := services/scheduling/web/static/audio/.spoken
LONG_TESTS := $(addprefix tests/integration/test_,scheduling_last_place.py scheduling_races.py scheduling_whole_life.py portal_timing.py) tests/web/test_pages.py
# Three at a time: while one waits for what it killed, two work. One after the other: ARGS="-n 0".
PYTEST := $(BIN)/pytest -n 3 --no-loadscope-reorder

run: .venv/.ready $(STYLE) $(AUDIO)
	exec $(BIN)/puente run $(ARGS)

test: .venv/.ready $(STYLE) $(AUDIO)
	$(PYTEST) $(ARGS)

# What CI runs.
check: .venv/.ready $(STYLE) $(AUDIO)
	set -e
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m shared.events.schemas --check
	$(PYTEST) $(ARGS)

# What takes long: 320 SIGKILLs while 20,000 results flow, races of hundreds of rounds, 10,000 steps of the whole life, 4,000 log-ins timed,
# axe in every language.
faults: .venv/.ready $(STYLE)
	PUENTE_FAULTS=long $(BIN)/pytest tests/faults $(LONG_TESTS) $(ARGS)

bench: .venv/.ready
	$(BIN)/python -m bench $(ARGS)

# Forgets databases, topics, mails and secrets of this machine's Puente.
clean-state:
	if test -x $(BIN)/puente; then $(BIN)/puente forget $(ARGS); else rm -rf .puente; fi

.venv/.ready: pyproject.toml uv.lock
	fail() { echo "$$1" >&2; exit 1; }
	command -v python3 >/dev/null || fail "python3 is missing: install Python 3.11 or newer"
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "python3 is older than 3.11: install a newer one and put it first on PATH"
	test -x $(BIN)/python || python3 -m venv .venv || { rm -rf .venv; fail "python3 cannot make a virtual environment: install its venv module (Debian: python3-venv)"; }
	if ! test -x $(BIN)/uv; then
	  echo "installing uv into .venv"
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check uv || fail "uv cannot be installed: connect to the package index once"
	fi
	echo "installing the locked packages"
	UV_COMPILE_BYTECODE=1 UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 $(BIN)/uv sync --locked --inexact --quiet || fail "the locked packages cannot be installed: connect to the package index once"
	touch .venv/.ready

# What the portal looks like; offline it stays as it was built.
$(STYLE): $(wildcard services/scheduling/web/assets/*) | .venv/.ready
	echo "building the portal's style sheet"
	$(BIN)/python -m deploy.assets

# What pages say aloud; where nothing can speak they have no player, and everything else works.
$(AUDIO): $(wildcard services/scheduling/web/languages/*.po services/scheduling/web/templates/* services/scheduling/web/aloud.py services/scheduling/web/scenes.py deploy/audio.py deploy/voices/*) | .venv/.ready
	if command -v espeak-ng >/dev/null && command -v lame >/dev/null; then
	  echo "speaking the portal's pages"
	  $(BIN)/python -m deploy.audio || echo "the portal's pages are not spoken: see above" >&2
	else
	  echo "the portal's pages are not spoken: espeak-ng or lame is missing (Debian: apt-get install espeak-ng lame)" >&2
	fi
