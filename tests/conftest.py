import sys
from collections import Counter
from pathlib import Path

import pytest

from vae_utils.surroundings import one_thread

HERE = Path(__file__).resolve().parent

one_thread()


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, then those with many: no process is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    tests = Counter(item.path for item in items if item.path.parent == HERE)  # others are in an order of their own
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path]))


def torch_settings():
    torch = sys.modules.get("torch")
    return torch and (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())


@pytest.fixture(autouse=True)
def settings_of_torch():
    """One test that left more threads behind made those after it up to fifty times as slow."""
    before = torch_settings()
    yield
    assert before in (None, torch_settings())
