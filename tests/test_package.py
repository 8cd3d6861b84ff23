"""The package as a whole: what it offers, and that asking for one part loads no other."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import vae_utils


def test_every_part_it_names_can_be_had():
    assert dir(vae_utils) == sorted(vae_utils.__all__)
    for name in vae_utils.__all__:
        assert getattr(vae_utils, name) is importlib.import_module(f"vae_utils.{name}")


def test_an_unknown_part_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'vae_utils' has no attribute 'no_such_part'"):
        vae_utils.no_such_part  # noqa: B018


def test_importing_it_loads_nothing_heavy():
    code = "import sys, vae_utils; sys.exit(any(name in sys.modules for name in ('torch', 'matplotlib', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.slow
def test_the_mathematics_knows_no_figure_and_no_data():
    code = (
        "import sys\n"
        "from vae_utils import checks, distributions, evaluation, models, objectives, training\n"
        "banned = {'matplotlib', 'vae_utils.plots', 'vae_utils.data', 'vae_utils.widgets'}\n"
        "sys.exit(bool(banned & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_no_two_test_files_share_a_name():
    """Plain pytest refuses the second one, and with it the whole run."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
