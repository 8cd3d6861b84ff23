"""What the tests in a browser share: one Chromium, the built site by two addresses, and visits to pages."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from file_server import served
from visit import PATIENCE, visiting
from widget_page import write_page

from tools.screenshot import FLAGS, browser_path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
MISSING = "no Chromium was found, so the browser tests did not run"
BLOCKED = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def pytest_terminal_summary(terminalreporter):
    if browser_path() is None:
        terminalreporter.section(MISSING.upper(), sep="!", red=True, bold=True)


@pytest.fixture(scope="session")
def chromium():
    """Without a browser the tests are skipped, loudly; in continuous integration they fail."""
    if browser_path() is None:
        pytest.fail(MISSING) if os.environ.get("CI") == "true" else pytest.skip(MISSING)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=[*FLAGS, BLOCKED])
        yield started
        started.close()


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").is_file():
        pytest.fail("there is no built website: run `make book` first")
    return SITE


@pytest.fixture(scope="session")
def addresses(site):
    """The same site by http and by file address."""
    with served(site) as address:
        yield {"http": address, "file": site.as_uri()}


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder, once, and returns its address."""
    with ExitStack() as stack:
        known = {}

        def start(folder: Path) -> str:
            if folder not in known:
                known[folder] = stack.enter_context(served(folder))
            return known[folder]

        yield start


@pytest.fixture
def visit(chromium):
    """A function that opens an address and returns the visit."""
    with ExitStack() as stack:
        yield lambda address, **options: stack.enter_context(visiting(chromium, address, **options))


@pytest.fixture(scope="module")
def light(chromium, addresses, request):
    """A page by http, for all the tests that leave it as it is."""
    with visiting(chromium, f"{addresses['http']}/{request.param}.html") as opened:
        yield opened


@pytest.fixture
def show(visit, tmp_path):
    """A function that shows widgets, by their HTML, on a page of their own; its troubles are checked at the end."""
    shown = []

    def start(html: str, width: int = 900, height: int = 800, **options):
        opened = visit(write_page(tmp_path, html).as_uri(), width=width, height=height, **options)
        shown.append(opened)
        opened.alive()
        return opened

    yield start
    for opened in shown:
        opened.check()
