"""Another service of Puente, asked over HTTP as the service that we are."""

import asyncio
from typing import Any, TypeVar

import httpx
from opentelemetry.trace import SpanContext, SpanKind
from pydantic import BaseModel, SecretStr, ValidationError

from shared import tracing
from shared.web.authorities import authorities

DEADLINE_SECONDS = 10

Answer = TypeVar("Answer", bound=BaseModel)


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

    async def ask_about(
        self,
        case_ref: str,
        path: str,
        kind: type[Answer],
        *,
        name: str,
        asked_in: SpanContext | None = None,
        **more: Any,
    ) -> Answer:
        """Its answer to a question about a case, in a span called `name`: of the request that needs it, or `asked_in`.

        Raises: NeighbourAway, also for an answer that is not one of this kind; it quotes nothing, which may name people.
        """
        parent, attributes = asked_in or tracing.current(), {tracing.CASE: tracing.case_hash(case_ref)}
        with tracing.span(name, SpanKind.CLIENT, parent=parent, attributes=attributes) as span:
            question = {"case_ref": case_ref, "traceparent": tracing.to_traceparent(span.context), **more}
            try:
                return kind.model_validate_json(await self.ask(path, question))
            except ValidationError:
                raise NeighbourAway(f"the answer of {self._name} is not one that we can read") from None
