"""Setting up: what is shown of pip's many words, and which packages a CPU-only build leaves out."""

import sys

import pytest

from tools import install


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  Downloading torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl (888.1 MB)\n", "  torch, 888.1 MB"),
        ("  Downloading nvidia_cudnn_cu13-9.26.0.51-py3-none-manylinux.whl (1.2 GB)\n", "  nvidia_cudnn_cu13, 1.2 GB"),
        ("  Using cached triton-3.9.0-cp311-cp311-linux.whl (210.0 MB)\n", "  triton, 210.0 MB"),
        ("  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)\n", None),
        ("  Downloading jedi-0.19.2-py2.py3-none-any.whl (1.6 MB)\n", None),
        ("Installing collected packages: a, b, c\n", "  installing 3 packages"),
        (
            "ERROR: No matching distribution found for torch==99\n",
            "ERROR: No matching distribution found for torch==99",
        ),
        ("Collecting torch==2.15.0\n", None),
    ],
)
def test_large_downloads_and_errors_are_shown(line, shown):
    assert install.said(line) == shown


def test_a_build_without_cuda_keeps_every_other_pin():
    lines = (install.ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    torch, others = install.without_cuda(lines)
    assert {line.split("==")[0] for line in torch} == {"torch", "torchvision"}
    left_out = {line.split("==")[0] for line in lines} - {line.split("==")[0] for line in [*torch, *others]}
    assert left_out and all(name.startswith(("nvidia-", "cuda-", "triton")) for name in left_out)
    assert any(line.startswith("numpy==") for line in others)


def test_silence_is_filled_and_a_failure_has_its_cause(monkeypatch, capsys):
    monkeypatch.setattr(install, "HEARTBEAT", 0.05)
    slow = "import time; print('Collecting torch', flush=True); time.sleep(0.5); print('ERROR: no disk'); exit(1)"
    monkeypatch.setattr(install, "PIP", [sys.executable, "-c", slow])
    with pytest.raises(SystemExit, match="ERROR: no disk"):
        install.run([])
    out = capsys.readouterr().out
    assert "s, at: Collecting torch" in out and "ERROR: no disk" in out
