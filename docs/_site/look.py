"""Open pages of the built site in Debian's chromium: they load without an error, and ask nobody else for anything.

``python docs/_site/look.py build/site``. Where there is no chromium, a line says so.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

#: Pages of each kind, and words that each must show.
PAGES = {
    "docs/index.html": "Lessons",
    "docs/concepts.html": "Pauli frame",
    "docs/made/protocols.html": "(|0…0⟩ + |1…1⟩)/√2",
    "docs/made/protocols/teleportation.html": "link_fidelity",
    "docs/made/command-line.html": "--corrections",
    "docs/made/api/running.html": "max_qpu_seconds",
    "notebooks/README.html": "Lessons",
}


def look(site: Path, browser: str) -> list[str]:
    """Return what is wrong with the pages, a line for each mistake.

    Args:
        site: The directory of the built site.
        browser: The path of a chromium.
    """
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    root = site.resolve().as_uri()
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser)
        for page, words in PAGES.items():
            wrong += [
                f"{page}: {mistake}" for mistake in _mistakes(opened.new_page(), f"{root}/{page}", words)
            ]
        opened.close()
    return wrong


def _mistakes(tab, url: str, words: str) -> list[str]:
    """Open a page in a tab, and return what is wrong with it."""
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("requestfailed", lambda request: wrong.append(f"did not get {request.url}"))
    tab.on(
        "request",
        lambda request: wrong.extend(
            [f"asks {request.url}"] * (not request.url.startswith(("file:", "data:")))
        ),
    )
    tab.goto(url, wait_until="load")
    if words not in tab.inner_text("body"):
        wrong.append(f"does not show {words!r}")
    broken = tab.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.src)")
    tab.close()
    return wrong + [f"shows no picture {source}" for source in broken]


if __name__ == "__main__":
    found = shutil.which("chromium")
    if found is None:
        print("pages were not looked at: there is no chromium")
    else:
        mistakes = look(Path(sys.argv[1]), found)
        print("\n".join(mistakes) or f"{len(PAGES)} pages looked at")
        sys.exit(bool(mistakes))
