from vae_utils.surroundings import one_thread

one_thread()


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no process is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
