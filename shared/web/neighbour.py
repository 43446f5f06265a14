"""Another service of Puente, asked over HTTP as the service that we are."""

import asyncio
from typing import Any

import httpx
from pydantic import SecretStr

from shared.web.authorities import authorities

DEADLINE_SECONDS = 10


class NeighbourAway(RuntimeError):
    """The other service does not answer now: ask again later."""


class Neighbour:
    """`name` is what it is called when it is away."""

    def __init__(self, name: str, url: str, token: SecretStr) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._token = token

    async def ask(self, path: str, question: Any = None) -> bytes:
        """Its answer to a POST of the question, or to a GET without one. Raises: NeighbourAway, which quotes nothing."""
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        method = "GET" if question is None else "POST"
        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                httpx.AsyncClient(timeout=DEADLINE_SECONDS, verify=authorities()) as client,
            ):
                answer = await client.request(method, self._url + path, json=question, headers=headers)
                answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise NeighbourAway(f"{self._name} answers {error.response.status_code}") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise NeighbourAway(f"{self._name} does not answer: {type(error).__name__}") from None
        return answer.content
