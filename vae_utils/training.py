"""One loop for every model in the book."""

import math
import os
import time
from contextlib import contextmanager
from functools import partial
from itertools import chain, count, islice

import numpy as np
import torch
from tqdm.auto import tqdm

from .arguments import real_number, whole_number
from .objectives import elbo
from .randomness import seeded

TERMS = ("loss", "elbo", "reconstruction", "kl", "beta")


class History:
    """What `fit` saw: `history["kl"]` is an array with one number per step, in nats per example.

    Terms: loss (what was minimized), elbo (reconstruction - kl, whatever beta), reconstruction, kl, beta.
    """

    def __init__(self, steps_per_epoch):
        self.steps_per_epoch = steps_per_epoch
        self.seconds = 0.0
        self.interrupted = False
        self._rows = []

    def record(self, *row):
        self._rows.append(row)

    def __len__(self):
        return len(self._rows)

    def __repr__(self):
        last = ", ".join(f"{term} {self.per_epoch(term)[-1]:.1f}" for term in ("elbo", "kl")) if self._rows else "empty"
        return f"History({len(self)} steps, {last})"

    def __getitem__(self, term):
        if term not in TERMS:
            raise KeyError(f"term: got {term!r}, expected one of {TERMS}")
        return np.array([row[TERMS.index(term)] for row in self._rows])

    def per_epoch(self, term):
        """The mean of a term over each epoch; the last, incomplete epoch counts too."""
        values = self[term]
        starts = range(0, len(values), self.steps_per_epoch)
        return np.array([values[start : start + self.steps_per_epoch].mean() for start in starts])


def fit(
    model, x, y=None, *, epochs=None, steps=None, batch_size=128, lr=2e-3, beta=1.0, objective=elbo,
    schedule="one-cycle", optimizer=None, seed=0, device=None, progress=None, callback=None,
):  # fmt: skip
    """Maximize an objective over x (N, D), by Adam unless told otherwise, and return the `History`.

    epochs or steps: how long, one of the two.      lr: the peak of the "one-cycle" schedule, or "constant".
    beta: a number, or a function of progress in [0, 1].
    objective: `objective(model, x, y, beta=...)` -> Terms, in nats per example; `elbo` unless given.
    optimizer: called as optimizer(parameters, lr=lr), such as `torch.optim.SGD`; Adam unless given.
    batch_size: rows a step. An epoch's last batch has the rest; a rest of an eighth or less shares the rows of the
    batch before it, because the gradient of a few examples is wild.
    callback: called as callback(step, model) before every step, and once after the last.
    The same seed gives the same result, and the global random state stays as it was. Ctrl-C ends the training early
    and keeps what was learned. The model comes back in eval mode, on the device it came from.
    Raises FloatingPointError when the loss is NaN or infinite, TypeError or ValueError for bad arguments.
    """
    total, per_epoch = _length(x, y, epochs, steps, batch_size)
    beta_at = _checked(model, lr, beta, optimizer)
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    x, y = x.to(device), None if y is None else y.to(device)
    history, started = History(per_epoch), time.perf_counter()
    progress = "VAE_BOOK" not in os.environ if progress is None else progress
    with _trained_on(model, device), seeded(seed):
        batches = _batches(len(x), batch_size, total, device)
        adam = partial(torch.optim.Adam, fused=device.type in ("cpu", "cuda"))
        optimizer = (optimizer or adam)(model.parameters(), lr=lr)
        rate = _rate(optimizer, schedule, lr, total)
        try:
            for step, rows in enumerate(tqdm(batches, total=total, disable=not progress)):
                _watch(callback, step, model)
                weight = beta_at(step / total)
                labels = None if y is None else y.index_select(0, rows)
                terms = objective(model, x.index_select(0, rows), labels, beta=weight)
                loss = -terms.elbo.mean()
                value, reconstruction, kl = _numbers(loss, terms.reconstruction.mean(), terms.kl.mean())
                _check_finite(value, reconstruction, kl, step)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
                history.record(value, reconstruction - kl, reconstruction, kl, weight)
        except KeyboardInterrupt:
            history.interrupted = True
            print(f"Stopped by hand at step {len(history)} of {total}; the model keeps what it has learned.")
        _watch(callback, len(history), model)
    history.seconds = time.perf_counter() - started
    return history


@contextmanager
def _trained_on(model, device):
    """The model in training mode on `device`; afterwards, whatever happened, in eval mode where it came from."""
    home = next(model.parameters()).device
    try:
        yield model.to(device).train()
    finally:
        model.to(home).eval()


def _watch(callback, step, model):
    if callback:
        with seeded(step):  # random numbers that a callback draws do not change the training
            callback(step, model)


def _batches(n, batch_size, total, device):
    """The rows of `total` batches; every epoch has all rows, in a new order."""
    cuts = list(range(batch_size, n, batch_size))
    if cuts and n - cuts[-1] <= batch_size / 8:
        cuts[-1] -= batch_size // 2
    epochs = (torch.randperm(n).to(device).tensor_split(cuts) for _ in count())
    return islice(chain.from_iterable(epochs), total)


def _numbers(*scalars):
    return torch.stack(scalars).tolist()  # together: an accelerator has to be waited for once a step, not three times


def _length(x, y, epochs, steps, batch_size):
    if not (torch.is_tensor(x) and x.is_floating_point() and x.ndim >= 2 and len(x) > 0):
        got = f"{x.dtype} {tuple(x.shape)}" if torch.is_tensor(x) else type(x).__name__
        raise ValueError(f"x: got {got}, expected a float tensor (N, D) with N >= 1")
    if y is not None and not torch.is_tensor(y):
        raise TypeError(f"y: got {type(y).__name__}, expected a tensor of {len(x)} labels")
    if y is not None and len(y) != len(x):
        raise ValueError(f"y: got {len(y)} labels, expected {len(x)}, one for each row of x")
    if (epochs is None) == (steps is None):
        raise ValueError(f"epochs, steps: got epochs={epochs}, steps={steps}, expected exactly one of the two")
    per_epoch = math.ceil(len(x) / whole_number(batch_size, "batch_size"))
    if epochs is None:
        return whole_number(steps, "steps"), per_epoch
    real_number(epochs, "epochs", lambda epochs: epochs > 0, "> 0")
    return math.ceil(epochs * per_epoch - 1e-9), per_epoch  # 0.07 * 100 is a little more than 7


def _checked(model, lr, beta, optimizer):
    """beta as a function of progress, after a look at what training would stumble over later."""
    if not (isinstance(model, torch.nn.Module) and any(True for _ in model.parameters())):
        raise TypeError(f"model: got {type(model).__name__}, expected a torch module with parameters")
    real_number(lr, "lr", lambda lr: lr > 0, "> 0")
    if not (optimizer is None or callable(optimizer)):
        raise TypeError(f"optimizer: got {optimizer!r}, expected what can be called as optimizer(parameters, lr=lr)")
    if callable(beta):
        return beta
    weight = real_number(beta, "beta", lambda beta: beta >= 0, ">= 0, or a function of progress")
    return lambda progress: weight


def _rate(optimizer, schedule, lr, total):
    if schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    if schedule == "one-cycle":
        has_betas = "betas" in optimizer.defaults  # as Adam: its momentum falls while the learning rate rises
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total + 1, cycle_momentum=has_betas)
    raise ValueError(f"schedule: got {schedule!r}, expected 'one-cycle' or 'constant'")


def _check_finite(loss, reconstruction, kl, step):
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"The loss is {loss} at step {step} (reconstruction {reconstruction:.4g}, kl {kl:.4g}). Likely causes: a "
            "learning rate that is too high, data outside the likelihood's range, NaN in x, or a sigma close to zero."
        )
