"""Scoring holds one chunk in memory, however many examples and samples there are."""

import weakref

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vae_utils import evaluation
from vae_utils.evaluation import log_likelihood
from vae_utils.models import mlp_vae

FLOAT = 4  # bytes
ON_A_MODEL = ("evaluate", "log_likelihood", "diagnose", "kl_decomposition", "active_units")
ON_TWO_SETS = ("frechet_distance", "precision_recall", "density_coverage", "sharpness", "dci", "sap", "mig")
ON_ONE_SET = ("factor_entropies",)


class Memory(TorchDispatchMode):
    """Adds up the bytes of the tensors that were made inside and are still alive, and remembers the most.

    What one operation needs for itself, between its inputs and its outputs, is not seen.
    """

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        known = {self._storage(leaf)._cdata for leaf in tree_leaves((args, kwargs)) if torch.is_tensor(leaf)}
        for leaf in tree_leaves(result):
            if torch.is_tensor(leaf) and self._storage(leaf)._cdata not in known:
                self._add(self._storage(leaf).nbytes())
                weakref.finalize(self._storage(leaf), self._add, -self._storage(leaf).nbytes())
        return result

    def _storage(self, tensor):
        return tensor.untyped_storage()

    def _add(self, size):
        self.now += size
        self.peak = max(self.peak, self.now)


def test_the_ruler_measures():
    with Memory() as memory:
        first = torch.zeros(1000)
        view = first[:10]
        second = view + first[10:20]
        del first, view
        torch.zeros(500)
    assert memory.peak == 1010 * FLOAT and memory.now == len(second) * FLOAT


@pytest.mark.slow
@pytest.mark.parametrize(("likelihood", "chunks"), [("bernoulli", 2), ("gaussian", 5), ("continuous_bernoulli", 7)])
def test_one_chunk_of_decoded_samples_is_the_limit(likelihood, chunks):
    """Beside it there are the row numbers and results, 3 floats an example, and a few numbers for a running sum."""
    batch_size, chunk, D = 4, 5, 200
    model = mlp_vae(D, 2, hidden=(4,), likelihood=likelihood)

    def peak(n, k):
        x = torch.rand(n, D)
        with Memory() as memory:
            log_likelihood(model, x, k=k, batch_size=batch_size, chunk=chunk)
        return memory.peak / FLOAT

    one = peak(batch_size, chunk)
    assert chunks <= one / (batch_size * chunk * D) < chunks + 0.7
    assert peak(60 * batch_size, chunk) <= one + 3 * 60 * batch_size + 8 * batch_size
    assert peak(batch_size, 60 * chunk) <= one + 8 * batch_size


@pytest.mark.parametrize("name", [*ON_A_MODEL, *ON_TWO_SETS, *ON_ONE_SET, "information_matrix", "count_modes"])
def test_nothing_is_kept_for_a_gradient(name):
    torch.manual_seed(0)
    first, second = torch.rand(20, 16, requires_grad=True), torch.rand(20, 16, requires_grad=True)
    model = mlp_vae(16, 2, hidden=(4,))
    given = (model, first) if name in ON_A_MODEL else (first,) if name in ON_ONE_SET else (first, second)
    kept, more = [], {"count_modes": (0.1,)}.get(name, ())
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda nothing: nothing):
        getattr(evaluation, name)(*given, *more)
        assert not kept
        (first * second).sum()
    assert kept  # the hook works
