"""What intake is told from outside."""

from pydantic import BaseModel, Field, HttpUrl, SecretStr, field_validator

from shared.events import System
from shared.settings import ServiceSettings


class SystemCredentials(BaseModel):
    """How one country's system proves who it is: signing `secrets` (US) or bearer `tokens`; two at once for rotation.

    `ours` proves to it who we are when it is told of appointments: the secret that we sign with (US), or our token.
    """

    secrets: list[SecretStr] = []
    tokens: list[SecretStr] = []
    ours: SecretStr | None = None


class IntakeSettings(ServiceSettings):
    """`systems` maps `us`, `mx`, `ca` to their credentials; `scheduling_url` is asked whom a programme's end concerns
    and to end a case's sessions, `notifications_url` to write to an address that a household wants to have or no longer has.

    `receiver_urls` maps them to where each is told of appointments; one without waits to be told until it has one.
    """

    scheduling_url: str
    notifications_url: str
    systems: dict[str, SystemCredentials]
    receiver_urls: dict[System, HttpUrl] = Field(default={})

    @field_validator("receiver_urls")
    @classmethod
    def _say_nothing(cls, urls: dict[System, HttpUrl]) -> dict[System, HttpUrl]:
        """An address is logged by everyone on the way: no password and no query in it."""
        if any(url.username or url.password or url.query or url.fragment for url in urls.values()):
            raise ValueError(
                "an address of a receiver has no user, password, query or fragment: give the secret as `ours`"
            )
        return urls
