"""An intake as the portal sees it: years of birth, how a household is reached, and how that is changed."""

from typing import Any
from uuid import uuid4

from fastapi import FastAPI, HTTPException

CODE = "048151"


class IntakeDouble:
    """Keeps what every household says as one; away as long as `is_away`. Tests of intake itself show that it answers so."""

    def begin_anew(self) -> None:
        """Nobody said or asked anything yet."""
        self.is_away, self.outcome = False, "proposed"
        self.now: dict[str, Any] = {"email": "r…@c….org", "locale": "es", "safe_hours": None}
        self.proposal: str | None = None
        self.confirmed: str | None = None
        self.births: dict[str, int] = {}
        self.asked: list[dict[str, Any]] = []

    def __init__(self) -> None:
        self.begin_anew()
        self.app = FastAPI()

        @self.app.post("/internal/births")
        async def births(question: dict[str, Any]) -> dict[str, bool]:
            self.asked.append(question)
            if self.is_away:
                raise HTTPException(503)
            return {"fits": self.births.get(question["case_ref"]) == question["year"]}

        @self.app.post("/internal/own-contact")
        async def show(question: dict[str, Any]) -> dict[str, Any]:
            self._note(question)
            proposed = "n…@m….org" if self.proposal else None
            return {**self.now, "proposal": self.proposal, "proposed_email": proposed}

        @self.app.post("/internal/own-contact/say")
        async def say(question: dict[str, Any]) -> dict[str, bool]:
            self._note(question)
            self.now |= {name: question[name] or None for name in ("locale", "safe_hours") if name in question}
            return {"known": True}

        @self.app.post("/internal/own-contact/propose")
        async def propose(question: dict[str, Any]) -> dict[str, str]:
            self._note(question)
            self.proposal = str(uuid4()) if self.outcome == "proposed" else None
            return {"outcome": self.outcome}

        @self.app.post("/internal/own-contact/confirm")
        async def confirm(question: dict[str, Any]) -> dict[str, str]:
            self._note(question)
            if question["proposal"] != self.proposal:
                return {"outcome": "changed" if question["proposal"] == self.confirmed else "over"}
            if question["code"] != CODE:
                return {"outcome": "wrong"}
            self.now["email"], self.confirmed, self.proposal = "n…@m….org", self.proposal, None
            return {"outcome": "changed"}

    def _note(self, question: dict[str, Any]) -> None:
        if self.is_away:
            raise HTTPException(503)
        self.asked.append(question)
