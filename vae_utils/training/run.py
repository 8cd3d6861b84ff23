"""The run under every loop: whose turn it is, which rows, which random numbers, what was seen, how to go on later."""

import math
import numbers
import os
import time
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm.auto import tqdm

from ..arguments import labels, positive, whole_number
from ..randomness import seeded
from ..storage import put_in_place
from ..surroundings import on_a_static_page
from .history import History


class Batch(NamedTuple):
    """The rows of one step: x (B, D), y (B, ...) or None; the number of the step, and step / steps in [0, 1)."""

    x: torch.Tensor
    y: torch.Tensor | None
    step: int
    progress: float


class Run:
    """One training of a model on the rows of x (N, D) and y (N, ...); what happens in a step is yours to write.

        with Run(model, x, y, epochs=10, seed=0) as run:
            optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
            for batch in run:
                loss = -elbo(model, batch.x, batch.y).elbo.mean()
                run.record(loss=loss)
                optimizer.zero_grad(), loss.backward(), optimizer.step()
        run.history["loss"]

    model: any torch module with something to train, or several in a ModuleList.
    epochs or steps: how long, one of the two.
    batch_size: rows a step. Every epoch has all rows in a new order. Its last batch has the rest; a rest of an eighth
    or less shares the rows of the batch before it, because the gradient of a few examples is wild.
    seed: of the order and of all noise inside. The global random state stays as it was.
    device: where to train; the model comes back, in eval mode, to where it was.
    autocast: a dtype such as torch.bfloat16 for the matrix products; float32 unless given, whatever is set outside.
    callback: called as callback(step, model) before every step, and once after the last.
    checkpoint: a file. The run is kept there every `every` steps and at the end, and goes on from it where it exists:
    to the same numbers, bit for bit, as if it had never stopped. Tell it what else to keep by `run.keep`, and what has
    to be the same then by `run.expect`.
    Ctrl-C ends the run early and keeps what was learned. Gradients are recorded inside, whatever is set outside.
    Raises TypeError or ValueError that names the argument.
    """

    def __init__(
        self, model, x, y=None, *, epochs=None, steps=None, batch_size=128, seed=0, device=None, progress=None,
        autocast=None, callback=None, checkpoint=None, every=200,
    ):  # fmt: skip
        _check_model(model)
        _check_rows(x)
        self.model, self.x, self.y = model, x, labels(y, len(x))
        self.total, per_epoch = _length(len(x), epochs, steps, whole_number(batch_size, "batch_size"))
        self.batch_size, self.seed = batch_size, seed
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.progress = not on_a_static_page() if progress is None else progress
        self.autocast, self.callback = autocast, callback
        self.checkpoint = None if checkpoint is None else file_of(checkpoint, "checkpoint")
        self.every = whole_number(every, "every")
        self.history, self.step = History(per_epoch), 0
        self._kept, self._expected, self._order, self._next = {}, {}, None, 0

    def __enter__(self):
        self._inside, self._started = ExitStack(), time.perf_counter()
        for context in (
            torch.inference_mode(False), torch.enable_grad(), _trained_on(self.model, self.device), seeded(self.seed),
            # without a cache: one that outlived a step would serve the weights of the step before
            torch.autocast(self.device.type, self.autocast, enabled=self.autocast is not None, cache_enabled=False),
        ):  # fmt: skip
            self._inside.enter_context(context)
        self.x = self.x.to(self.device)
        self.y = None if self.y is None else self.y.to(self.device)
        return self

    def __iter__(self):
        if self.checkpoint is not None and self.checkpoint.is_file():
            self._resume()
        with tqdm(total=self.total, initial=self.step, disable=not self.progress) as bar:
            while self.step < self.total:
                self._watch()
                rows = self._rows()
                y = None if self.y is None else self.y.index_select(0, rows)
                yield Batch(self.x.index_select(0, rows), y, self.step, self.step / self.total)
                self.step += 1
                bar.update()
                if self.checkpoint is not None and (self.step % self.every == 0 or self.step == self.total):
                    self._save()

    def __exit__(self, kind, error, traceback):
        try:
            if kind is KeyboardInterrupt:
                self.history.interrupted = True
                done = f"step {self.step} of {self.total}"
                print(f"Stopped by hand at {done}; the model keeps what it has learned.")
            if kind in (None, KeyboardInterrupt):
                self._watch()
        finally:
            self._inside.close()
        self.history.seconds = self._seconds()
        return kind is KeyboardInterrupt

    def record(self, **numbers):
        """Keep the numbers of this step, floats or tensors of one number, in the history; call it before the update.

        Raises FloatingPointError where one of them is NaN or infinite: then the weights are still sound.
        """
        tensors = {name: value.detach() for name, value in numbers.items() if torch.is_tensor(value)}
        if tensors:  # together: an accelerator has to be waited for once a step, not once for each number
            stacked = torch.stack([*tensors.values()]).tolist()
            numbers = numbers | dict(zip(tensors, stacked, strict=True))
        _check_finite(numbers, self.step)
        self.history.record(numbers)

    def keep(self, **parts):
        """Keep these in the checkpoint, too: whatever has state_dict and load_state_dict, such as an optimizer."""
        self._kept.update(parts)

    def expect(self, **settings):
        """What else has to be the same where the run goes on: numbers, text, tuples; of a function its name counts."""
        self._expected.update(settings)

    def _watch(self):
        if self.callback:
            with seeded(self.step):  # random numbers that a callback draws do not change the training
                self.callback(self.step, self.model)

    def _rows(self):
        n = len(self.x)
        cuts = list(range(self.batch_size, n, self.batch_size))
        if cuts and n - cuts[-1] <= self.batch_size / 8:
            cuts[-1] -= self.batch_size // 2
        if self._order is None or self._next > len(cuts):
            self._order, self._next = torch.randperm(n), 0
        start, end = ([0, *cuts][self._next], [*cuts, n][self._next])
        self._next += 1
        return self._order[start:end].to(self.device)

    def _settings(self):
        data = [None if part is None else zlib.crc32(part.cpu().numpy()) for part in (self.x, self.y)]
        own = {"total": self.total, "batch_size": self.batch_size, "seed": self.seed, "data": data}
        return {name: _plain(value) for name, value in (own | self._expected).items()}

    def _seconds(self):
        """Of this run, and of those before it that it goes on from."""
        return self.history.seconds + time.perf_counter() - self._started

    def _save(self):
        state = {
            "settings": self._settings(),
            "step": self.step,
            "model": self.model.state_dict(),
            "kept": {name: part.state_dict() for name, part in self._kept.items()},
            "random": (torch.get_rng_state(), torch.cuda.get_rng_state_all()),
            "order": (self._order, self._next),
            "history": (self.history.terms, self.history.rows, self._seconds()),
        }
        with put_in_place(self.checkpoint) as partial:
            torch.save(state, partial)

    def _resume(self):
        try:
            state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
            settings, kept, shapes = state["settings"], {*state["kept"]}, _shapes(state["model"])
        except Exception as error:  # of torch's words the first sentence; the next ones advise to trust the file
            said = getattr(error, "strerror", None) or str(error).partition(". ")[0]
            got = f"{self.checkpoint}, which cannot be read ({said})"
            raise ValueError(f"checkpoint: got {got}, expected a file that a run has kept") from None
        if settings != self._settings() or kept != {*self._kept}:
            got = f"{self.checkpoint}, kept by a run of {settings} with {sorted(kept)}"
            raise ValueError(f"checkpoint: got {got}, expected {self._settings()} with {sorted(self._kept)}")
        if other := shapes ^ _shapes(self.model.state_dict()):
            got = f"{self.checkpoint}, kept by a run of another model, {sorted(other)[0][0]} differs"
            raise ValueError(f"checkpoint: got {got}, expected the same model, or a new file")
        self.model.load_state_dict(state["model"])
        for name, part in self._kept.items():
            part.load_state_dict(state["kept"][name])
        self.step, (order, self._next) = state["step"], state["order"]
        self._order = order.cpu()
        self.history.terms, self.history.rows, self.history.seconds = state["history"]
        torch.set_rng_state(state["random"][0].cpu())
        torch.cuda.set_rng_state_all([each.cpu() for each in state["random"][1]])


@contextmanager
def _trained_on(model, device):
    """The model in training mode on `device`; afterwards, whatever happened, in eval mode where it came from."""
    home = next(model.parameters()).device
    try:
        yield model.to(device).train()
    finally:
        model.to(home).eval()


def _plain(value):
    """What a checkpoint can hold and compare: a function is its name, a number of NumPy one of Python."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return getattr(value, "__qualname__", type(value).__name__) if callable(value) else value


def _shapes(state):
    return {(name, tuple(getattr(value, "shape", ()))) for name, value in state.items()}


def file_of(value, name):
    """Its path; the file need not be there. Raises TypeError for what is no name, ValueError for that of a folder."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name}: got {value!r}, expected the name of a file, or None")
    path = Path(os.path.expanduser(value))
    if os.path.isdir(path):
        raise ValueError(f"{name}: got {path}, which is a folder, expected the name of a file")
    return path


def _check_model(model):
    if not (isinstance(model, torch.nn.Module) and any(True for _ in model.parameters())):
        raise TypeError(f"model: got {type(model).__name__}, expected a torch module with parameters")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trained:
        raise ValueError("model: got one whose parameters are all frozen, expected some that require a gradient")
    if any(parameter.dtype == torch.float16 for parameter in trained):
        raise TypeError("model: got weights of torch.float16, whose range is too small to train in, expected float32")


def _check_rows(x):
    if not (torch.is_tensor(x) and x.is_floating_point() and x.ndim >= 2 and len(x) > 0):
        got = f"{x.dtype} {tuple(x.shape)}" if torch.is_tensor(x) else type(x).__name__
        raise ValueError(f"x: got {got}, expected a float tensor (N, D) with N >= 1")


def _length(n, epochs, steps, batch_size):
    """(steps, steps an epoch)."""
    if (epochs is None) == (steps is None):
        raise ValueError(f"epochs, steps: got epochs={epochs}, steps={steps}, expected exactly one of the two")
    per_epoch = math.ceil(n / batch_size)
    if epochs is None:
        return whole_number(steps, "steps"), per_epoch
    return math.ceil(positive(epochs, "epochs") * per_epoch - 1e-9), per_epoch  # 0.07 * 100 is a little more than 7


def _check_finite(numbers, step):
    bad = [name for name, value in numbers.items() if not math.isfinite(value)]
    if bad:
        others = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items() if name != bad[0])
        raise FloatingPointError(
            f"The {bad[0]} is {numbers[bad[0]]} at step {step} ({others}). Likely causes: a learning rate that is too "
            "high, data outside the likelihood's range, NaN in x, or a sigma close to zero."
        )
