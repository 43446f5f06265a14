"""Intake as it hears of referrals and carries them out."""

from typing import Any
from uuid import UUID

from services.intake.referring import refer_cases
from tests.intake import Hearing
from tests.unit.intake_builders import mx_row, sheet
from tests.unit.notifications_builders import a_referral, a_snapshot


class Referred(Hearing):
    """Intake, its consumer of scheduling's cases and its job."""

    async def a_case(self, **changes: str) -> str:
        [receipt] = await self.receipts("mx", sheet(mx_row(**changes)).encode())
        return str(receipt["case_ref"])

    async def refer(self, case_ref: str, *, version: int = 1, id: UUID | None = None) -> None:
        """Scheduling says that the referral was accepted, and the job runs."""
        await self.hear(a_snapshot(waiting="referred", version=version, case_ref=case_ref, referral=a_referral(id=id)))
        await refer_cases(self.app.state.service)

    async def case(self, case_ref: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(f"/v1/cases/{case_ref}")).json()
        return found

    async def newest(self, case_ref: str) -> dict[str, Any]:
        return (await self.events(case_ref))[-1][2]
