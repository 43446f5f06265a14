import shared.loading  # noqa: F401 - what it does
from services.scheduling.app import build, prepare
from services.scheduling.settings import SchedulingSettings
from shared.service import main

settings = SchedulingSettings()
main("scheduling", serve=lambda: build(settings), prepare=lambda: prepare(settings), settings=settings)
