"""What scheduling is told from outside."""

from shared.settings import ServiceSettings


class SchedulingSettings(ServiceSettings):
    """Nothing beyond what every service needs."""
