"""A household comes to its interview by itself: from the result of its country's system to the date that it accepted."""

import re

import httpx

from shared.web.authorities import authorities
from tests.e2e.households import a_household
from tests.e2e.mails import text_of
from tests.e2e.running import Running, eventually
from tests.portal import forms, headings


async def test_a_household_follows_the_link_of_its_offer_types_the_code_and_accepts(puente: Running) -> None:
    household = a_household("MX-REF", members=2, language="fr")
    case_ref = await puente.let_in(household)
    [offer] = await puente.mails_to(household)
    [link] = set(re.findall(r"http\S+/my-interview", text_of(offer)))

    async with httpx.AsyncClient(timeout=30, verify=authorities()) as client:
        browser = _Plain(client)
        await browser.open(link)
        await browser.submit("/fr/case", reference=case_ref.lower())
        code = re.search(r"\b\d{6}\b", text_of((await puente.mails_to(household, 2))[1]))
        assert code is not None
        await browser.submit("/fr/case/code", code=code[0])
        offered = headings(browser.page)
        await browser.open(f"{link}/accept")
        booked = headings(await browser.submit("/fr/my-interview/accept"))

    assert (["Il y a une date pour votre entretien"], ["Votre entretien est confirmé"]) == (offered, booked)
    assert "household" == (await puente.reaches(case_ref, "booked"))["appointment"]["acted_by"]
    await puente.mails_to(household, 3)
    assert [("offered", "sent"), ("booked", "sent")] == await puente.notices(case_ref)

    async def is_traced() -> bool:
        names = {span["name"] for span in await puente.spans(case_ref)}
        return {"ask for code", "send code", "look up contact"} <= names

    assert await eventually(is_traced)


class _Plain:
    """A browser on plain HTTP that takes our cookies all the same, as browsers do from their own machine."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._known: dict[str, str] = {}
        self.page: httpx.Response

    async def open(self, url: str) -> httpx.Response:
        return await self._keep(await self._client.get(url, headers=self._cookies()))

    async def submit(self, action: str, **typed: str) -> httpx.Response:
        url, fields = self.page.url.join(action), {**forms(self.page)[action], **typed}
        answer = await self._client.post(url, data=fields, headers=self._cookies())
        return await self._keep(answer)

    async def _keep(self, answer: httpx.Response) -> httpx.Response:
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._known[name] = value
        if answer.is_redirect:
            return await self.open(str(answer.url.join(answer.headers["location"])))
        self.page = answer
        return answer

    def _cookies(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._known.items())}
