"""An application that several tests use one after the other knows nothing of the test before."""

from shared.clock import FixedClock
from tests.builders import NOW, a_programme, days
from tests.conftest import MakeDatabase
from tests.scheduling import Scheduling
from tests.scheduling_http import Client, an_offer


async def test_the_same_application_has_the_database_and_the_clock_of_who_has_it_now(
    new_database: MakeDatabase, scheduling_template: str
) -> None:
    urls = [await new_database(scheduling_template) for _ in range(2)]
    first, second = [Scheduling(url) for url in urls]
    second.clock = FixedClock(NOW + days(40))
    await first.receive(a_programme())
    case = await an_offer(first)

    one = Client(first)
    shown = await one.call(case)
    await one.close()
    two = Client(second)
    found = await two.call(case)
    now = two.app.state.service.clock.now()
    await two.close()

    assert one.app is two.app
    assert ((200, 404), NOW + days(40)) == ((shown.status_code, found.status_code), now)
    for each in (first, second):
        await each.database.close()


async def test_two_who_have_one_at_the_same_time_have_each_their_own(
    new_database: MakeDatabase, scheduling_template: str
) -> None:
    scheduling = Scheduling(await new_database(scheduling_template))

    clients = [Client(scheduling) for _ in range(2)]

    assert clients[0].app is not clients[1].app
    for client in clients:
        await client.close()
    await scheduling.database.close()
