"""What scheduling is told from outside."""

from shared.settings import ServiceSettings


class SchedulingSettings(ServiceSettings):
    """`intake_url` is asked for names at check-in, `notifications_url` to send a household its code for the portal."""

    intake_url: str
    notifications_url: str
