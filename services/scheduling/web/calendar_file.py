"""The date of a booked household as a file for the calendar of its phone: the entry that its messages bring, too."""

from fastapi.responses import Response

from services.scheduling.web.case import HOME
from services.scheduling.web.interview import Standing, state_of
from services.scheduling.web.my_interview import Desk
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import Visit
from shared.calendar_entry import Identity, add_alarms, entry_of, file_of
from shared.clock import Clock
from shared.places import in_one_line

PATH = f"{HOME}/appointment.ics"
AS_FILE = 'attachment; filename="appointment.ics"'
"""A neutral name: phones are shared."""


def add(routes: Routes, desk: Desk, clock: Clock) -> None:
    """The file; without a booked appointment there is none, and the case is shown instead."""

    @routes.get(PATH, private=True)
    async def calendar_file(visit: Visit) -> Response:
        standing = await desk.look(visit)
        if visit.assisting or state_of(standing.case) != "booked":
            return visit.go(HOME)  # a file would stay on a worker's computer
        content = _file(standing, visit, clock)
        return Response(content, media_type="text/calendar; charset=utf-8", headers={"Content-Disposition": AS_FILE})


def _file(standing: Standing, visit: Visit, clock: Clock) -> bytes:
    """Under the UID and with the sequence that messages of this case have: what comes later takes its place."""
    case, date = standing.case, standing.case.date
    site, summary = standing.sites[date.site], visit.text("calendar.summary")
    entry = entry_of(
        date,
        Identity(case.calendar_uid, case.version),
        status="CONFIRMED",
        summary=summary,
        location=in_one_line(site.name, site.address, site.city),
        now=clock.now(),
    )
    add_alarms(entry, summary)
    return file_of(entry, date)
