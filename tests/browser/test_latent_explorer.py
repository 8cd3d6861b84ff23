"""The latent explorer in a real browser: the same pictures as in Python, fast enough, and a drawing is encoded."""

import numpy as np
import pytest
from widget_page import CHROMIUM, open_page, readout, write_page

from vae_utils.widgets import LatentExplorer
from vae_utils.widgets.bundle import read
from vae_utils.widgets.quantized import decode, round_rows

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

SIZES = (2, 48, 96, 192, 784)  # the decoder of chapter 5
DECODE = """async ([source, sizes, weights, scales, biases, points]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { unpack, decode } = await import(url);
  const packed = { weights: Int8Array.from(weights), scales: Float32Array.from(scales) };
  const [net] = unpack([sizes], { ...packed, biases: Float32Array.from(biases) });
  const images = points.map((z) => Array.from(decode(net, z, "silu")));
  const times = Array.from({ length: 60 }, (_, i) => {
    const start = performance.now();
    for (let k = 0; k < 10; k++) decode(net, [i / 30 - 1, k / 5 - 1], "silu");
    return (performance.now() - start) / 10;
  });
  return { images, milliseconds: times.sort((a, b) => a - b)[30] };
}"""


@pytest.fixture
def opened(chromium, tmp_path):
    with open_page(chromium) as page:
        page.goto(write_page(tmp_path, LatentExplorer.example().to_html()).as_uri())
        yield page
        page.check()


def test_decoding_equals_numpy_and_takes_under_two_milliseconds(opened):
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(m, n)) / np.sqrt(n) * 2, rng.normal(size=m)) for n, m in zip(SIZES, SIZES[1:])]  # noqa: B905, RUF007
    rounded = [round_rows(weight) for weight, _ in layers]
    points = rng.normal(size=(20, 2))
    weights = np.concatenate([q.ravel() for q, _ in rounded]).tolist()
    scales = np.concatenate([s for _, s in rounded]).tolist()
    biases = np.concatenate([b for _, b in layers]).tolist()
    source = read("latent_net.mjs")
    got = opened.page.evaluate(DECODE, [source, list(SIZES), weights, scales, biases, points.tolist()])
    packed = [(q * s[:, None], bias) for (q, s), (_, bias) in zip(rounded, layers, strict=True)]
    assert np.abs(np.array(got["images"]) - decode(packed, points, "silu")).max() < 1e-4
    assert got["milliseconds"] < 2


def test_a_drawing_is_encoded_and_can_be_cleared(opened):
    (root,) = opened.widgets()
    before = readout(root)
    area = root.locator("canvas[aria-label='drawing area']")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    middle = box["x"] + box["width"] / 2
    opened.page.mouse.move(middle, box["y"] + 0.2 * box["height"])
    opened.page.mouse.down()
    opened.page.mouse.move(middle, box["y"] + 0.8 * box["height"], steps=8)
    opened.page.mouse.up()
    assert opened.changed(before, lambda: readout(root))
    drawn = readout(root)
    assert "my drawing" in drawn and "NaN" not in drawn
    root.get_by_role("button", name="Clear the drawing").click()
    assert opened.changed(drawn, lambda: readout(root))
