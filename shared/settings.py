"""What a service is told from outside: environment variables with the prefix `PUENTE_`, nothing with a default secret."""

from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["ops", "scheduler", "officer", "assistant", "service"]
"""Who a bearer token speaks for; `service` is another service of Puente."""
STAFF: tuple[Role, ...] = ("ops", "scheduler", "officer", "assistant")
"""People who work with cases."""


class ServiceSettings(BaseSettings):
    """What every service needs.

    `database_url` is a plain `postgresql://` URL of the service's own database, `kafka` is `host:port` (comma-separated),
    `tokens` maps a role to its bearer token, `data_key` is 32 bytes in base64: it encrypts what names people.
    """

    model_config = SettingsConfigDict(env_prefix="PUENTE_", extra="ignore")

    database_url: str
    kafka: str
    host: str = "127.0.0.1"
    port: int
    tokens: dict[Role, SecretStr]
    data_key: SecretStr
    otlp_endpoint: str | None = None
