"""Who may call: bearer tokens that stand for a role."""

import hmac
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Annotated, Any

from fastapi import Request, Response, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from shared.settings import Role
from shared.web.problems import Problem

ALLOWED = "allowed_roles"
"""Attribute of the dependency that names its roles, for the test that every route has one."""

BEARER = HTTPBearer(scheme_name="token", description="A token that stands for a role", auto_error=False)


def bearer(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer` header."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def same_secret(given: str, known: SecretStr) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(given.encode(), known.get_secret_value().encode())


def role_of(token: str, tokens: Mapping[Role, SecretStr]) -> Role | None:
    """The role that a token stands for. Looks at every token, whichever fits."""
    fitting = [role for role, known in tokens.items() if same_secret(token, known)]
    return fitting[0] if fitting else None


def requires(*allowed: Role) -> Callable[..., Awaitable[Role]]:
    """A dependency that lets only these roles pass. 401 without a valid token, 403 with another role's."""

    async def check(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Role:
        return _allowed(request, given, allowed)

    setattr(check, ALLOWED, allowed)
    return check


class CheckedFirst(APIRoute):
    """A route that asks who calls before it reads what they send; FastAPI by itself reads a body first.

    For routes whose roles all come from `requires`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, allowed = super().get_route_handler(), list(_roles_in(self.dependant))

        async def checked(request: Request) -> Response:
            given = await BEARER(request)
            for roles in allowed:
                _allowed(request, given, roles)
            return await handle(request)

        return checked


def _roles_in(dependant: Dependant) -> Iterator[tuple[Role, ...]]:
    roles = getattr(dependant.call, ALLOWED, None)
    if roles:
        yield roles
    for each in dependant.dependencies:
        yield from _roles_in(each)


def _allowed(request: Request, given: HTTPAuthorizationCredentials | None, allowed: tuple[Role, ...]) -> Role:
    role = role_of(given.credentials, request.app.state.settings.tokens) if given else None
    if role is None:
        raise Problem(401, "unauthenticated", "send a valid token: Authorization: Bearer ...")
    if role not in allowed:
        raise Problem(403, "forbidden", f"this needs the role {' or '.join(allowed)}")
    return role
