"""What the environment says about where the code runs."""

import os


def on_a_static_page():
    """Whether the output will stand on the built website, where no live kernel is behind it."""
    return os.environ.get("VAE_BOOK") == "1"


def one_thread():
    """For what runs beside its like: one thread each, unless the environment says otherwise. Before torch is loaded."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
