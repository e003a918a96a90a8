"""A real browser for the pages of a bundle: opened from the disk, and watched for requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE, DESKTOP = (390, 844), (1280, 800)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


@contextmanager
def started() -> Iterator[Browser]:
    """Chromium without a window. Skips, naming the reason, where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip(f"no browser is here: none of {', '.join(_NAMES)} is on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        try:
            yield running
        finally:
            running.close()


@cache
def _shared() -> tuple[ExitStack, Browser]:
    stack = ExitStack()
    return stack, stack.enter_context(started())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for the whole session. Each module that imports this has a fixture of its own, and there can
    be but one Playwright."""
    stack, running = _shared()
    yield running
    stack.close()


class Watch:
    """What a page asked for and complained about since it was opened."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda one: self.requests.append(one.url))
        page.on("console", lambda one: self.complaints.append(one.text))
        page.on("pageerror", lambda one: self.complaints.append(str(one)))

    @property
    def outside(self) -> list[str]:
        """Requests for anything but a file."""
        return [url for url in self.requests if not url.startswith("file:")]


@contextmanager
def opened(
    browser: Browser, path: Path, size: tuple[int, int] = DESKTOP, dark: bool = False
) -> Iterator[tuple[Page, Watch]]:
    """The page at ``path`` as a double click opens it, in a window of ``size`` pixels."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    watch = Watch(page)
    try:
        page.goto(path.as_uri())
        yield page, watch
    finally:
        page.close()


def until(page: Page, expression: str) -> None:
    """Wait until ``expression`` is true. Playwright's own way is eval, which our pages forbid."""
    for _ in range(500):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never became true: {expression}")


def faults(page: Page) -> list[str]:
    """Serious and critical faults that axe-core finds, with where they are."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['target']} {one['nodes'][0].get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
