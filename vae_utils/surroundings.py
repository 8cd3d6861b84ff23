"""What the environment says about where the code runs."""

import os


def on_a_static_page():
    """Whether the output will stand on the built website, where no live kernel is behind it."""
    return os.environ.get("VAE_BOOK") == "1"
