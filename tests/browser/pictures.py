"""Pictures of pages, kept in tests/artifacts for people to look at."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as WaitedInVain

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
WAIT = 60_000  #: ms for one picture


def picture(of: Page | Locator, name: str, *, full_page: bool = False, wait: float = WAIT) -> Path | None:
    """Keep a picture of a page, or of an element once it is there, as tests/artifacts/`name`.png.

    Chromium's compositor may rest, and then gives no frame however long one waits (five minutes, on a busy machine); to
    record the page wakes it. A picture is no assertion: when none comes even so, that is said, and the test goes on.
    """
    ARTIFACTS.mkdir(exist_ok=True)
    file = ARTIFACTS / f"{name}.png"
    file.unlink(missing_ok=True)  # an old one would pass for this
    if isinstance(of, Locator):
        of.wait_for()
    for _ in range(2):
        try:
            if isinstance(of, Locator):
                of.screenshot(path=file, timeout=wait)
            else:
                of.screenshot(path=file, timeout=wait, full_page=full_page)
        except WaitedInVain:
            wake(of.page if isinstance(of, Locator) else of)
        else:
            return file
    print(f"No picture {file.name}: the browser drew no frame for it.")
    return None


def wake(page: Page) -> None:
    """Make the compositor draw: what records a page asks for its frames."""
    session = page.context.new_cdp_session(page)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 1})
    page.wait_for_timeout(250)
    session.send("Page.stopScreencast")
    session.detach()
