"""What a person would see of a widget: its pixels, its read-out, its controls; and a page to see it on."""

import hashlib

PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>widget</title><link rel="icon" href="data:,"><style>
[data-theme=light] {{ --pst-color-background: #fff; --pst-color-text-base: #222832; --pst-color-text-muted: #48566b }}
[data-theme=dark] {{ --pst-color-background: #14181e; --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af }}
body {{ margin: 8px; background: var(--pst-color-background); color: var(--pst-color-text-base); }}
</style></head><body><main><h1>widget</h1>{body}</main></body></html>"""

CONTROLS = (
    ".vae-body input:not([type=radio]):visible, .vae-body select:visible, .vae-body fieldset:visible, "
    ".vae-body button:visible:not([disabled]):not(.vae-reset)"  # it sleeps until something has moved
)
PIXELS = """(root) => [...root.querySelectorAll("canvas")].map((canvas) => {
  if (!canvas.width || !canvas.height) return 0;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let hash = 2166136261;
  for (const pixel of new Uint32Array(data.buffer)) hash = Math.imul(hash ^ pixel, 16777619);
  return hash;
}).join()"""


def pixels(root):
    """A hash of every canvas of the widget."""
    return root.evaluate(PIXELS)


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


def write_page(folder, html, theme="light"):
    path = folder / f"{hashlib.sha256((theme + html).encode()).hexdigest()[:12]}.html"
    path.write_text(PAGE.format(theme=theme, body=html), encoding="utf-8")
    return path
