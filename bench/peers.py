"""What booking is compared with: an ASGI application that only answers, and the endpoint that a tutorial would write.

`python -m bench.peers bare PORT`, or `plain PORT DATABASE_URL`.
"""

import sys
from collections.abc import AsyncIterator
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import Field, SQLModel, select
from starlette.types import Receive, Scope, Send

from shared.db import async_url


class PlainSlot(SQLModel, table=True):
    """A time that so many can have."""

    __tablename__ = "plain_slots"

    id: int = Field(primary_key=True)
    capacity: int
    taken: int = 0


class PlainBooking(SQLModel, table=True):
    """Who has it; one for each household."""

    __tablename__ = "plain_bookings"

    case_ref: str = Field(primary_key=True)
    slot_id: int = Field(foreign_key="plain_slots.id")


class PlainChoice(BaseModel):
    """What is asked for."""

    slot_id: int


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the request and answers: the floor of any HTTP service here."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    body = b'{"status":"booked"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def plain(database_url: str) -> FastAPI:
    """One request, one transaction: lock the slot, count, write the booking."""
    engine = create_async_engine(async_url(database_url), pool_size=20)
    app = FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as opened:
            yield opened

    @app.post("/book/{case_ref}")
    async def book(
        case_ref: str, choice: PlainChoice, session: Annotated[AsyncSession, Depends(session)]
    ) -> PlainBooking:
        found = await session.execute(select(PlainSlot).where(PlainSlot.id == choice.slot_id).with_for_update())
        slot = found.scalar_one()
        if slot.taken >= slot.capacity:
            raise HTTPException(409, "this place is taken")
        slot.taken += 1
        booking = PlainBooking(case_ref=case_ref, slot_id=slot.id)
        session.add(booking)
        await session.commit()
        return booking

    return app


if __name__ == "__main__":
    which, port, *url = sys.argv[1:]
    uvicorn.run(bare if which == "bare" else plain(url[0]), host="127.0.0.1", port=int(port), log_level="warning")
