"""The JavaScript face is the Python face."""

import javascript
import torch

from vae_utils import data

SIZES = (8, 33, 64)


def corners():
    """The average, both ends of every factor, extremes beyond the sliders, and random faces."""
    ends = torch.cat([torch.eye(5) * f for f in (-3.0, 3.0)])
    wild = torch.tensor([[1e6] * 5, [-1e6] * 5])
    return torch.cat([torch.zeros(1, 5), ends, wild, torch.randn(8, 5, generator=torch.Generator().manual_seed(1))])


def test_javascript_and_python_draw_the_same_face():
    factors = corners()
    asked = {"factors": factors.tolist(), "sizes": SIZES}
    answer = javascript.call("tests/js/probes.mjs", "faces", asked)
    assert tuple(answer["names"]) == data.FACE_FACTORS
    for size, faces in zip(SIZES, answer["faces"], strict=True):
        difference = (torch.tensor(faces) - data.render_faces(factors, size)).abs().max()
        assert difference < 2 / 255, size
