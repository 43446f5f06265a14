"""A worker of a resource centre on the portal, until a household's page is shown."""

from tests.portal import Browser, Portal

KEY = "assistant"
"""The token of the role in tests."""


async def signed_in(portal: Portal, worker: str = "tap-07", key: str = KEY, language: str = "en") -> Browser:
    """A browser in which a worker signed in."""
    browser = portal.browser()
    await browser.open(f"/{language}/assist")
    await browser.submit(f"/{language}/assist", worker=worker, key=key)
    return browser


async def helping(
    portal: Portal, case_ref: str, language: str = "en", by: str = "adult", how: str = "spoken"
) -> Browser:
    """A browser in which a worker sees the page of a household that agreed."""
    browser = await signed_in(portal, language=language)
    await browser.submit(f"/{language}/assist/case", reference=case_ref)
    await browser.submit(f"/{language}/assist/consent", by=by, how=how)
    return browser
