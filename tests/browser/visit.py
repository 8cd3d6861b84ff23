"""A visit to a page: a tab that reaches no other host and keeps a record of everything that went wrong on it."""

import time
from contextlib import contextmanager

LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1", "about:")
PATIENCE = 120  # seconds: how long a test waits for what must come; a busy machine may be slow, and must not fail
PHONE = 360  # pixels wide
TYPESET = "window.MathJax?.startup?.promise.then(() => document.fonts.ready).then(() => true)"
ALIVE = """() => [...document.querySelectorAll(".vae-widget[data-widget]")]
    .every((widget) => widget.querySelector(".vae-readout > *"))"""
TWO_FRAMES = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))"""


class Visit:
    """One tab. `troubles`: errors and warnings, failed requests, other hosts that were asked. `loaded`: addresses."""

    def __init__(self, context):
        self.troubles: list[str] = []
        self.loaded: list[str] = []
        context.set_default_timeout(1000 * PATIENCE)
        self.tab = context.new_page()
        self.tab.on("console", self._console)
        self.tab.on("pageerror", lambda error: self.troubles.append(f"error on the page: {error}"))
        self.tab.on("request", self._request)
        self.tab.on("requestfailed", self._failed)
        self.tab.on("response", self._response)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith(LOCAL):  # the browser finds no such host: see BLOCKED in conftest.py
            self.troubles.append(f"asked another host: {request.url}")

    def _failed(self, request):
        if request.failure != "net::ERR_ABORTED":  # a page that was left before all of it had come
            self.troubles.append(f"failed: {request.url[:200]}")

    def _response(self, response):
        self.loaded.append(response.url)
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")

    def open(self, address: str):
        """Goes there; returns the tab when formulas and letters stand."""
        self.tab.goto(address, wait_until="load")
        self.tab.evaluate(TYPESET)
        return self.tab

    def alive(self) -> list:
        """The widgets of the page, when every one has drawn."""
        self.tab.wait_for_function(ALIVE)
        self.settle()
        return self.tab.locator(".vae-widget[data-widget]").all()

    def reload(self):
        self.tab.reload()
        self.alive()

    def settle(self):
        self.tab.evaluate(TWO_FRAMES)

    def until(self, true, words=lambda: "nothing of the kind happened"):
        """Waits for `true()`, and returns it; `words()` says what there was instead."""
        end = time.monotonic() + PATIENCE
        while not (answer := true()):
            assert time.monotonic() < end, words()
            self.settle()
        return answer

    def changed(self, before, look, words=""):
        """Waits until `look()` is no longer `before`."""
        self.until(lambda: look() != before, lambda: words or f"it stays {before!r}")

    def check(self):
        assert not self.troubles, self.troubles


@contextmanager
def visiting(browser, address, width=1280, height=900, scheme="light", still=False, **options):
    """A visit to this address in a context of its own. `still`: its clock stands until `tab.clock` moves it."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
    try:
        opened = Visit(context)
        if still:
            opened.tab.clock.install(time=0)
        opened.open(address)
        yield opened
    finally:
        context.close()
