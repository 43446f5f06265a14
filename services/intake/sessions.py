"""Who has a case open on the portal is logged out by scheduling, when operations put its contact back."""

from pydantic import BaseModel, SecretStr

from shared.web.neighbour import Neighbour, NeighbourAway
from shared.web.problems import Problem


class _Ended(BaseModel):
    ended: bool


class Sessions:
    """Scheduling, asked over HTTP."""

    def __init__(self, scheduling_url: str, token: SecretStr) -> None:
        self._scheduling = Neighbour("scheduling", scheduling_url, token)

    async def end(self, case_ref: str) -> None:
        """Ends every session of the case, and its codes. Raises: Problem 503 when scheduling does not answer."""
        try:
            await self._scheduling.ask_about(case_ref, "/internal/sessions/end", _Ended, name="end sessions")
        except NeighbourAway as away:
            detail = "the contact is put back, but who has the case open is still logged in: ask again until it answers"
            raise Problem(503, "scheduling_away", detail) from away
