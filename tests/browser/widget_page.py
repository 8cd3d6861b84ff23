"""Opens a widget in Chromium and reads what a person would see: its pixels, its read-out, its controls."""

import hashlib
import time
from contextlib import contextmanager
from pathlib import Path

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = next((p for p in map(Path, ("/usr/bin/chromium", "/usr/bin/google-chrome")) if p.exists()), None)

PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>widget</title><style>
[data-theme=light] {{ --pst-color-background: #fff; --pst-color-text-base: #222832; --pst-color-text-muted: #48566b }}
[data-theme=dark] {{ --pst-color-background: #14181e; --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af }}
body {{ margin: 8px; background: var(--pst-color-background); color: var(--pst-color-text-base); }}
</style></head><body><main><h1>widget</h1>{body}</main></body></html>"""

CONTROLS = (
    ".vae-body input:not([type=radio]):visible, .vae-body select:visible, .vae-body fieldset:visible, "
    ".vae-body button:visible:not([disabled])"
)


class Opened:
    """One page with its widgets, and everything that went wrong on it."""

    def __init__(self, page):
        self.page, self.errors, self.strays = page, [], []
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route("**/*", self._only_local)

    def _only_local(self, route):
        url = route.request.url
        if url.startswith(("file:", "data:", "blob:", "http://127.0.0.1")):
            route.continue_()
        else:
            self.strays.append(url)
            route.abort()

    def goto(self, url):
        self.page.goto(url)
        self.page.locator(".vae-widget .vae-readout > *").first.wait_for()
        self.settle()

    def reload(self):
        self.page.reload()
        self.page.locator(".vae-widget .vae-readout > *").first.wait_for()
        self.settle()

    def widgets(self):
        return self.page.locator(".vae-widget[data-mounted]").all()

    def settle(self):
        frames = "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)))"
        self.page.evaluate(f"() => new Promise((done) => {frames})")

    def changed(self, before, look, seconds=3.0):
        """Whether `look()` stops being `before` within the time given."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if look() != before:
                return True
            self.settle()
        return False

    def check(self):
        assert not self.errors, self.errors
        assert not self.strays, self.strays


def pixels(root):
    """A hash of every canvas of the widget."""
    pictures = root.evaluate("el => [...el.querySelectorAll('canvas')].map((c) => c.width && c.toDataURL())")
    return hashlib.sha256(repr(pictures).encode()).hexdigest()


def readout(root):
    return root.locator(".vae-readout").inner_text()


def seen(root):
    return pixels(root), readout(root)


def controls(root):
    """The visible controls of a widget, a radio group counted once."""
    return root.locator(CONTROLS).all()


def name_of(control):
    words = "el.getAttribute('aria-label') ?? el.labels?.[0]?.textContent ?? el.textContent"
    return control.evaluate(f"el => ({words}).trim()")


@contextmanager
def open_page(browser, width=900, **settings):
    context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
    try:
        yield Opened(context.new_page())
    finally:
        context.close()


def write_page(folder, html, theme="light"):
    path = folder / f"{hashlib.sha256((theme + html).encode()).hexdigest()[:12]}.html"
    path.write_text(PAGE.format(theme=theme, body=html), encoding="utf-8")
    return path
