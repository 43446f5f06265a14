"""What scheduling is told from outside."""

from pydantic import SecretStr

from shared.settings import ServiceSettings


class SchedulingSettings(ServiceSettings):
    """`intake_url` is asked for names at check-in and how households are reached, `notifications_url` to send a household its code for the portal.

    `letter_keys` are private keys of P-256 as PEM, by number: the highest one signs letters, the others still verify them.

    `drafts` are languages whose texts nobody has reviewed yet (web/languages/drafts) and which the portal offers all the same.
    """

    intake_url: str
    notifications_url: str
    letter_keys: dict[int, SecretStr]
    drafts: frozenset[str] = frozenset()
