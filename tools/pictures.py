"""Draws the pictures of the site, for light and dark pages: python -m tools.pictures writes site/static/*.svg"""

import math
from pathlib import Path

from vae_utils.data import load_digits_8x8
from vae_utils.plots import COLORS, DARK_COLORS

STATIC = Path(__file__).resolve().parent.parent / "site" / "static"
MODES = {"light": ("#1f2730", COLORS), "dark": ("#e8e4db", DARK_COLORS)}
SERIF = "font-family=\"'Source Serif 4', Charter, Cambria, Georgia, serif\""


def bell(center: float, width: float, height: float, base: float, reach: float = 3.0) -> str:
    xs = [center + width * reach * (i / 24 - 1) for i in range(49)]
    points = (f"{x:.1f} {base - height * math.exp(-(((x - center) / width) ** 2) / 2):.1f}" for x in xs)
    return "M" + " ".join(points)


def hill(color: str, *shape: float) -> str:
    return f'<path d="{bell(*shape)}" fill="{color}" fill-opacity=".14" stroke="{color}"/>'


def logo(ink: str, colors: dict[str, str]) -> str:
    dots = "".join(f'<circle cx="{x}" cy="69" r="2.6"/>' for x in (83, 91, 96, 101, 109))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 76" width="160" height="76">
<g stroke-width="3" stroke-linejoin="round" stroke-linecap="round">
{hill(colors["prior"], 68, 25, 40, 58, 2.6)}
{hill(colors["posterior"], 98, 9, 50, 58)}
</g>
<path d="M3 58.5H157" stroke="{ink}" stroke-width="1.6" stroke-linecap="round"/>
<g fill="{colors["likelihood"]}">{dots}</g>
</svg>
"""


def pixels(image, left: float, top: float, side: float, ink: str) -> str:
    """An 8x8 scan as squares whose opacity is the grey value."""
    step = side / 8
    squares = [
        f'<path d="M{left + j * step:g} {top + i * step:g}h{step:g}v{step:g}h-{step:g}z" fill-opacity="{v:.2f}"/>'
        for i, row in enumerate(image)
        for j, v in enumerate(row)
        if v > 0.025
    ]
    frame = f'<rect x="{left}" y="{top}" width="{side}" height="{side}" rx="3" fill="none" stroke="{ink}"/>'
    return f'<g fill="{ink}" shape-rendering="crispEdges">{"".join(squares)}</g>{frame}'


def arrow(x1: float, x2: float, y: float, color: str) -> str:
    head = f"M{x2 - 9} {y - 6}L{x2} {y}L{x2 - 9} {y + 6}"
    return f'<path d="M{x1} {y}H{x2}{head}" fill="none" stroke="{color}" stroke-width="2.4" stroke-linecap="round"/>'


def label(x: float, y: float, text: str, color: str, size: int = 22, style: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" font-size="{size}" text-anchor="middle" {style}>{text}</text>'


def three_and_its_kin():
    """A scan of a three and the mean of the scans nearest to it: what a decoder would draw."""
    scans = load_digits_8x8()
    threes = scans.x[scans.y == 3].double().reshape(-1, 8, 8)
    scan = threes[((threes - threes.mean(0)) ** 2).sum((1, 2)).argmin()]
    distance = ((threes - scan) ** 2).sum((1, 2))
    return scan.tolist(), threes[distance.argsort()[1:13]].mean(0).tolist()


def overview(ink: str, colors: dict[str, str]) -> str:
    scan, drawn = three_and_its_kin()
    italic = 'font-style="italic"'
    labels = [
        label(82, 222, "a picture <tspan font-style='italic'>x</tspan>", ink),
        label(204, 100, "posterior", colors["posterior"]),
        label(204, 150, "q(z | x)", colors["posterior"], 20, italic),
        label(314, 62, "prior", colors["prior"]),
        label(304, 88, "p(z)", colors["prior"], 20, italic),
        label(385, 222, "a hidden cause <tspan font-style='italic'>z</tspan>", ink),
        label(564, 100, "likelihood", colors["likelihood"]),
        label(564, 150, "p(x | z)", colors["likelihood"], 20, italic),
        label(684, 222, "what <tspan font-style='italic'>z</tspan> draws", ink),
    ]
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 768 236" width="768" height="236" {SERIF}>
{pixels(scan, 24, 62, 116, ink)}
{arrow(154, 250, 118, colors["posterior"])}
<g stroke-width="2.4" stroke-linejoin="round" stroke-linecap="round">
{hill(colors["prior"], 380, 44, 78, 176, 2.7)}
{hill(colors["posterior"], 424, 13, 128, 176)}
</g>
<path d="M254 176.5H508" stroke="{ink}" stroke-width="1.4" stroke-linecap="round"/>
<circle cx="430" cy="176.5" r="5" fill="{colors["likelihood"]}"/>
{arrow(516, 612, 118, colors["likelihood"])}
{pixels(drawn, 626, 62, 116, ink)}
{"".join(labels)}
</svg>
"""


def main() -> None:
    for mode, (ink, colors) in MODES.items():
        (STATIC / f"logo-{mode}.svg").write_text(logo(ink, colors), encoding="utf8")
        (STATIC / f"overview-{mode}.svg").write_text(overview(ink, colors), encoding="utf8")


if __name__ == "__main__":
    main()
