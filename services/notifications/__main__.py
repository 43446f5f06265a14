"""`python -m services.notifications prepare` or `serve`."""

from functools import partial

import shared.loading  # noqa: F401 - what it does
from services.notifications.app import build, prepare
from services.notifications.settings import NotificationsSettings
from shared.service import main

if __name__ == "__main__":
    settings = NotificationsSettings()
    main("notifications", serve=partial(build, settings), prepare=partial(prepare, settings), settings=settings)
