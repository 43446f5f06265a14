"""What intake is told from outside."""

from pydantic import BaseModel, SecretStr

from shared.settings import ServiceSettings


class SystemCredentials(BaseModel):
    """How one country's system proves who it is: signing `secrets` (US) or bearer `tokens`; two at once for rotation."""

    secrets: list[SecretStr] = []
    tokens: list[SecretStr] = []


class IntakeSettings(ServiceSettings):
    """`systems` maps `us`, `mx`, `ca` to their credentials; `scheduling_url` is asked whom a programme's end concerns."""

    scheduling_url: str
    systems: dict[str, SystemCredentials]
