"""The face on the page has the grey levels that Python draws."""

from urllib.parse import urlsplit

import torch

from vae_utils import data
from vae_utils.widgets.parts import bundle

ADDRESS = "http://book.invalid"
FACES = """async ([address, factors, size]) => {
  const { drawFace } = await import(address);
  return factors.map((z) => [...drawFace(z, size)]);
}"""


def hand_out(route):
    """The modules of the package, without a server; an empty page at the root."""
    name = urlsplit(route.request.url).path[1:]
    if name.endswith(".mjs"):
        route.fulfill(body=(bundle.FOLDER / name).read_text(encoding="utf8"), content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>faces</title>", content_type="text/html")


def test_the_browser_and_python_draw_the_same_face(chromium):
    factors = torch.randn(6, 5, generator=torch.Generator().manual_seed(2))
    tab = chromium.new_page()
    tab.route("**/*", hand_out)
    tab.goto(f"{ADDRESS}/")
    drawn = tab.evaluate(FACES, [f"{ADDRESS}/parts/face_drawing.mjs", factors.tolist(), 48])
    tab.close()
    assert (torch.tensor(drawn) - data.render_faces(factors, 48)).abs().max() < 2 / 255
