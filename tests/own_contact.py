"""A case at an intake that can have mail sent, and the notifications that it asks."""

from typing import Any

import httpx
from fastapi import FastAPI, HTTPException

from services.intake.mails import Mails, warn_old_contacts
from tests.intake import ROLES, Intake

NEW = "rosa.nueva@correo.example.org"
OLD = "rose.ancienne@courriel.example.org"
OWN = "/internal/own-contact"


class NotificationsDouble:
    """A notifications that keeps what it is asked to send, and a scheduling that keeps whom it is asked to log out; away as
    long as `status` or `scheduling` says so."""

    def __init__(self) -> None:
        self.codes: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.logged_out: list[str] = []
        self.status, self.takes_mail, self.scheduling = 200, True, 200
        self.app = FastAPI()

        @self.app.post("/internal/contact-codes")
        async def codes(question: dict[str, Any]) -> dict[str, bool]:
            return self._kept(self.codes, question)

        @self.app.post("/internal/contact-warnings")
        async def warnings(question: dict[str, Any]) -> dict[str, bool]:
            return self._kept(self.warnings, question)

        @self.app.post("/internal/sessions/end")
        async def sessions(question: dict[str, Any]) -> dict[str, bool]:
            if self.scheduling != 200:
                raise HTTPException(self.scheduling)
            self.logged_out.append(question["case_ref"])
            return {"ended": True}

    def _kept(self, kind: list[dict[str, Any]], question: dict[str, Any]) -> dict[str, bool]:
        if self.status != 200:
            raise HTTPException(self.status)
        if self.takes_mail:
            kind.append(question)
        return {"sent": self.takes_mail}


class Own:
    """One case at an intake that can have mail sent."""

    def __init__(self, intake: Intake, notifications: NotificationsDouble, url: str, case_ref: str) -> None:
        self.intake, self.notifications, self.url, self.case_ref = intake, notifications, url, case_ref

    async def ask(self, path: str = "", role: str = "service", **question: Any) -> httpx.Response:
        asked = {"case_ref": self.case_ref, **question}
        return await self.intake.client.post(OWN + path, json=asked, headers={"authorization": f"Bearer {role}-token"})

    async def contact(self, case_ref: str | None = None) -> dict[str, Any]:
        """As those get it who send notices."""
        [found] = (await self.intake.ask_contacts(case_ref or self.case_ref)).json()["contacts"]
        return dict(found)

    async def propose(self, email: str = NEW) -> str:
        return str((await self.ask("/propose", email=email)).json()["outcome"])

    async def confirm(self, code: str, proposal: str | None = None) -> str:
        id = proposal or (await self.ask()).json()["proposal"]
        return str((await self.ask("/confirm", proposal=id, code=code)).json()["outcome"])

    async def change(self, email: str = NEW) -> None:
        assert "proposed" == await self.propose(email)
        assert "changed" == await self.confirm(self.notifications.codes[-1]["code"])

    async def warn(self) -> None:
        service = self.intake.app.state.service
        await warn_old_contacts(service, Mails(self.url, ROLES["service"]))

    async def reset(self, role: str = "ops") -> httpx.Response:
        return await self.intake.client.post(
            f"/v1/cases/{self.case_ref}/own-contact/reset", headers={"authorization": f"Bearer {role}-token"}
        )
