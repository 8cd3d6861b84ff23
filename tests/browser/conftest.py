"""What the tests in a browser share: one Chromium, the built site by two addresses, and visits to pages."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from file_server import served
from visit import PATIENCE, PHONE, visiting
from widget_page import write_page

from tools.screenshot import FLAGS, browser_path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
OF_WIDGETS = {"test_widgets_live.py", "test_widgets_layout.py", "test_widgets_challenges.py"}
MISSING = "no Chromium was found, so the browser tests did not run"
HERE = Path(__file__).resolve().parent
BLOCKED = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def pytest_collection_modifyitems(items):
    """What shares a visit, a widget or a kernel runs in one process; the largest groups begin."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group(group_of(item)))


def group_of(item) -> str:
    values = item.callspec.params if hasattr(item, "callspec") else {}
    shared = [name for name in ("light", "dark", "phone") if name in values]
    if shared:
        return f"{shared[0]} {values[shared[0]]}"
    if item.path.name in OF_WIDGETS:
        return str(values.get("shown", values.get("name", "widgets")))
    return item.path.stem


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


# One visit each for all the tests of a page that leave it as it is; those of test_widgets_book.py come last.


@pytest.fixture(scope="session")
def light(chromium, addresses, request):
    """A page by http."""
    with visiting(chromium, f"{addresses['http']}/{request.param}.html") as opened:
        yield opened


@pytest.fixture(scope="session")
def dark(chromium, addresses, request):
    """The same from the disk, on a system that is dark."""
    with visiting(chromium, f"{addresses['file']}/{request.param}.html", scheme="dark") as opened:
        yield opened


@pytest.fixture(scope="session")
def phone(chromium, addresses, request):
    """The same by http, on the screen of a phone."""
    with visiting(chromium, f"{addresses['http']}/{request.param}.html", width=PHONE) as opened:
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
