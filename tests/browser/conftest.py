"""Where the tests of the built website find a browser, the pages, and a record of all that went wrong on a page."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.screenshot import FLAGS, browser_path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
MISSING = "no Chromium was found, so the browser tests did not run"


def pytest_terminal_summary(terminalreporter):
    if browser_path() is None:
        terminalreporter.section(MISSING.upper(), sep="!", red=True, bold=True)


@pytest.fixture(scope="session")
def chromium():
    """Without a browser the tests are skipped, loudly; in continuous integration they fail."""
    if browser_path() is None:
        pytest.fail(MISSING) if os.environ.get("CI") == "true" else pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").is_file():
        pytest.fail("there is no built website: run `make book` first")
    return SITE


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="session")
def addresses(site):
    """The same site by http and by file address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"http": f"http://127.0.0.1:{server.server_port}", "file": site.as_uri()}
    server.shutdown()


class Visit:
    """A tab that reaches no other host and keeps a record of everything that went wrong."""

    def __init__(self, context):
        self.troubles: list[str] = []
        self.bodies: dict[str, int] = {}
        self.tab = context.new_page()
        self.tab.on("console", self._console)
        self.tab.on("pageerror", lambda error: self.troubles.append(f"error on the page: {error}"))
        self.tab.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url[:200]}"))
        self.tab.on("response", self._response)
        self.tab.route("**/*", self._only_local)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")

    def _only_local(self, route):
        if route.request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1")):
            route.continue_()
        else:
            self.troubles.append(f"asked another host: {route.request.url}")
            route.abort()

    def open(self, address: str):
        self.tab.goto(address, wait_until="load")
        self.tab.evaluate("window.MathJax?.startup?.promise.then(() => document.fonts.ready).then(() => true)")
        return self.tab


@pytest.fixture
def visit(chromium):
    """A function that opens an address and returns the visit."""
    contexts = []

    def start(address: str, width: int = 1280, scheme: str = "light", **options) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        visit = Visit(context)
        visit.open(address)
        return visit

    yield start
    for context in contexts:
        context.close()
