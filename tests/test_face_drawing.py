"""The JavaScript face is the Python face."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from vae_utils import data

MODULE = Path(__file__).resolve().parents[1] / "vae_utils" / "widgets" / "face_drawing.mjs"
SCRIPT = """
const { drawFace, FACTORS } = await import(process.argv[1]);
const { factors, size } = JSON.parse(process.argv[2]);
process.stdout.write(JSON.stringify({ names: FACTORS, faces: factors.map((z) => [...drawFace(z, size)]) }));
"""


def corners():
    """The average, both ends of every factor, extremes beyond the sliders, and random faces."""
    ends = torch.cat([torch.eye(5) * f for f in (-3.0, 3.0)])
    wild = torch.tensor([[1e6] * 5, [-1e6] * 5])
    return torch.cat([torch.zeros(1, 5), ends, wild, torch.randn(8, 5, generator=torch.Generator().manual_seed(1))])


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node here: the browser test compares them instead")
@pytest.mark.parametrize("size", [8, 33, 64])
def test_javascript_and_python_draw_the_same_face(size):
    factors = corners()
    asked = json.dumps({"factors": factors.tolist(), "size": size})
    command = ["node", "--input-type=module", "-e", SCRIPT, MODULE.as_uri(), asked]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    assert tuple(answer["names"]) == data.FACE_FACTORS
    difference = (torch.tensor(answer["faces"]) - data.render_faces(factors, size)).abs().max()
    assert difference < 2 / 255
