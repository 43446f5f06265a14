"""What scheduling is told from outside."""

from shared.settings import ServiceSettings


class SchedulingSettings(ServiceSettings):
    """`intake_url` is asked for names at check-in."""

    intake_url: str
