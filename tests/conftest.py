from collections import Counter
from pathlib import Path

from vae_utils.surroundings import one_thread

HERE = Path(__file__).resolve().parent

one_thread()


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, then those with many: no process is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    tests = Counter(item.path for item in items if item.path.parent == HERE)  # others are in an order of their own
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path]))
