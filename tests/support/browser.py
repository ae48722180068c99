"""A headless browser for pages that the library writes."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

#: Names by which systems know Chromium.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@contextlib.contextmanager
def open_browser() -> Iterator[Any]:
    """Yield a headless Chromium; the test is skipped if there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is installed (apt-get install chromium), so no page is opened")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page that is open, what it asked the network for, and what went wrong."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def opened(browser: Any, path: Path, viewport: dict[str, int] = WIDE, **options: Any) -> Opened:
    """Return a file, opened in a context of its own without a network."""
    context = browser.new_context(viewport=viewport, offline=True, **options)
    made = Opened(context.new_page())
    made.page.on("request", lambda request: made.requests.append(request.url))
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    made.page.on(
        "console", lambda said: made.errors.append(said.text) if said.type in ("error", "warning") else None
    )
    made.page.goto(path.as_uri())
    return made
