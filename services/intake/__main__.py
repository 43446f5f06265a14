"""`python -m services.intake prepare` or `serve`."""

from functools import partial

import shared.loading  # noqa: F401 - what it does
from services.intake.app import build, prepare
from services.intake.settings import IntakeSettings
from shared.service import main

if __name__ == "__main__":
    settings = IntakeSettings()
    main("intake", serve=partial(build, settings), prepare=partial(prepare, settings), settings=settings)
