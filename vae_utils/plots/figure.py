"""A matplotlib figure made fit for the page: inline SVG, alternative text, a caption, light and dark."""

import base64
import hashlib
import html
import io
import re

import matplotlib.pyplot as plt
from PIL import Image

from ..arguments import whole_number
from ..surroundings import on_a_static_page
from .look import COLORS, INK, NARROW, SMALLEST


class Figure:
    """A finished figure: inline SVG with alternative text and a caption, readable on light and dark pages."""

    def __init__(self, svg, alt, caption):
        self.svg, self.alt, self.caption = svg, alt, caption

    def _repr_mimebundle_(self, include=None, exclude=None):
        text = f"[Figure: {self.alt}]" + (f" {self.caption}" if self.caption else "")
        return {"text/html": self._repr_html_(), "text/plain": text}

    def _repr_html_(self):
        caption = f"<figcaption>{_inline(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="vae-figure"><div class="vae-scroll" tabindex="0">{self.svg}</div>{caption}</figure>'


def show(fig, alt, caption="", colors=32):
    """Close a matplotlib figure and return it as a `Figure` to display.

    alt: what a reader who cannot see it must know. caption: the message in a sentence (`code` and *emphasis* allowed).
    colors: how many each bitmap keeps, 2 to 256; 32 do for drawings, pictures in color need more.
    Raises ValueError for an empty alt, TypeError or ValueError for other colors.
    """
    if not (isinstance(alt, str) and alt.strip()):
        raise ValueError(f"alt: got {alt!r}, expected a sentence that says what the figure shows")
    whole_number(colors, "colors", least=2, most=256)
    buffer = io.StringIO()
    # A notebook that another machine does not trust loses its SVG but keeps the letters in it: there, draw them.
    letters = {"svg.fonttype": "none" if on_a_static_page() else "path"}
    with plt.rc_context(letters):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    width = fig.get_figwidth() * 72
    plt.close(fig)
    return Figure(_portable_svg(buffer.getvalue(), alt, width, colors), alt, caption)


def _portable_svg(svg, alt, width, colors=32):
    """Strip what a page does not need, give ids a unique prefix, and let the page choose the colors."""
    svg = svg[svg.index("<svg") :]  # without the XML declaration
    svg = re.sub(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)", lambda match: _small_png(match[1], colors), svg)
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.S)
    prefix = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    # Two figures on one page must not share an id: each gets a prefix of its own, and ids that nothing names go.
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\"\)]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"(href=\"#|url\(#)([^\"\)]+)", rf"\1{prefix}-\2", svg)
    for name, color in COLORS.items():  # a concept's color is a variable, so that a dark page can brighten it
        svg = re.sub(color, f"var(--vae-{name}, {color})", svg, flags=re.I)
    svg = re.sub(INK, "currentColor", svg, flags=re.I)
    view = re.search(r'viewBox="[^"]+"', svg)[0]
    smallest = SMALLEST if width > 72 * NARROW else 0.66
    style = f"width:100%;max-width:{width:.0f}pt;min-width:{smallest * width:.0f}pt;height:auto"
    opening = f'<svg {view} role="img" aria-label="{html.escape(alt, quote=True)}" style="{style}" '
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    said = f"<desc>Figure: {html.escape(alt)} (It is drawn where the notebook is trusted.)</desc>"
    untrusted = "" if on_a_static_page() else said
    return opening + names + untrusted + svg[svg.index(">") + 1 :].strip()


def _small_png(encoded, colors):
    """The same bitmap with a palette: a third of the bytes, and no difference that an eye would see."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    buffer = io.BytesIO()
    picture.quantize(colors, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _inline(text):
    text = html.escape(text, quote=False)
    words = re.split(r"(`[^`]+`)", text)
    words[::2] = [re.sub(r"(?<![\w.-])-(?=\d)", "\N{MINUS SIGN}", part) for part in words[::2]]
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", "".join(words))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
