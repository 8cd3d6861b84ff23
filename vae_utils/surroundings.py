"""What the environment says about where the code runs."""

import os
from contextlib import contextmanager


def on_a_static_page():
    """Whether the output will stand on the built website, where no live kernel is behind it."""
    return os.environ.get("VAE_BOOK") == "1"


@contextmanager
def for_a_static_page():
    """Within this, output is made as for the built website."""
    before = os.environ.get("VAE_BOOK")
    os.environ["VAE_BOOK"] = "1"
    try:
        yield
    finally:
        os.environ.pop("VAE_BOOK") if before is None else os.environ.update(VAE_BOOK=before)


def one_thread():
    """For what runs beside its like: one thread each, unless the environment says otherwise. Before torch is loaded."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
