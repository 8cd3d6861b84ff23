"""A small digit classifier: the judge of generated digits, trained once and kept on disk."""

import hashlib
import json
import zlib
from contextlib import suppress

import torch
import torch.nn.functional as F
from torch import nn

from .arguments import float_tensor, in_unit_range, whole_number
from .data import Digits
from .randomness import seeded
from .storage import cache_folder, load_model, save_model
from .training import Run

DESIGN = "conv 12-24, 64 features, Adam one-cycle 4e-3, batch 128, Run"  # a new design gets a new file


class DigitClassifier(nn.Module):
    """Images (B, 784) in [0, 1] -> logits (B, 10); `features(x)` gives the 64 numbers before the last layer."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Unflatten(-1, (1, 28, 28)),
            nn.Conv2d(1, 12, 5, stride=2, padding=2),  # (12, 14, 14)
            nn.ReLU(),
            nn.Conv2d(12, 24, 5, stride=2, padding=2),  # (24, 7, 7)
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(24 * 49, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, 10)

    def features(self, x):
        """(B, 784) -> (B, 64): where similar digits lie close together; for `evaluation.frechet_distance`."""
        return self.body(_images(x, "x").to(self.head.weight.dtype))

    def forward(self, x):
        return self.head(self.features(x))

    @torch.no_grad()
    def predict(self, x):
        """The most probable digit for each image: (B, 784) -> (B,) int64."""
        return self(x).argmax(-1)

    @torch.no_grad()
    def accuracy(self, x, y):
        """The share of images (B, 784) read as their label y (B,): a float in [0, 1]. Raises as `load_classifier`."""
        return (self.predict(x) == _labels(y, "y", len(x))).double().mean().item()


def load_classifier(digits, epochs=4, seed=0):
    """A `DigitClassifier` trained on `digits` (x (N, 784), y (N,), source), as `data.load_digits` gives them.

    The first call trains it (about 7 s of CPU for 20,000 digits) and keeps it in the cache folder; later calls with the
    same digits, epochs and seed read it there. A damaged file is trained anew; an unwritable folder does no harm.
    Raises TypeError or ValueError unless the images are floats in [0, 1] and the labels whole numbers from 0 to 9.
    """
    epochs, seed = whole_number(epochs, "epochs"), whole_number(seed, "seed", least=0)
    digits = _checked(digits)
    settings = {"design": DESIGN, "epochs": epochs, "seed": seed, "source": digits.source, "data": _fingerprint(digits)}
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    path = cache_folder() / f"classifier-{key}.safetensors"
    with seeded(seed):
        model = DigitClassifier()
    try:
        load_model(model, path, settings)
    except (OSError, ValueError):
        model = _train(digits.x, digits.y, epochs, seed)
        with suppress(OSError):
            save_model(model, path, settings)
    return model.eval().requires_grad_(False)


def _checked(digits):
    """The same with x (N, 784) in single precision and y (N,) int64, N >= 1, each in memory row by row."""
    x = in_unit_range(_images(digits.x, "digits.x"), "digits.x")
    y = _labels(digits.y, "digits.y", len(x))
    if y.min() < 0 or y.max() > 9:
        raise ValueError(f"digits.y: got labels from {y.min()} to {y.max()}, expected whole numbers from 0 to 9")
    return Digits(x.detach().float().contiguous(), y.long().contiguous(), digits.source)


def _images(x, name):
    """The images themselves. Raises TypeError unless they are a float tensor, ValueError unless (N, 784), N >= 1."""
    float_tensor(x, name, "(N, 784)")
    if x.ndim != 2 or x.shape[1] != 784 or len(x) == 0:
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, expected (N, 784) with N >= 1")
    return x


def _labels(y, name, n):
    """The labels themselves. Raises TypeError unless they are a tensor of whole numbers, ValueError unless (n,)."""
    if not torch.is_tensor(y) or y.is_floating_point() or y.is_complex():
        got = f"a tensor of {y.dtype}" if torch.is_tensor(y) else type(y).__name__
        raise TypeError(f"{name}: got {got}, expected a tensor of {n} whole numbers")
    if y.shape != (n,):
        raise ValueError(f"{name}: got shape {tuple(y.shape)}, expected ({n},), one label for each image")
    return y


def _fingerprint(digits):
    return f"{zlib.crc32(digits.y.cpu().numpy(), zlib.crc32(digits.x.cpu().numpy())):08x}"


def _train(x, y, epochs, seed):
    with seeded(seed):
        model = DigitClassifier()
    how = {"epochs": epochs, "batch_size": 128, "seed": seed, "device": "cpu", "progress": False}
    with Run(model, x, y, **how) as run:
        optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=run.total + 1)
        for batch in run:
            loss = F.cross_entropy(model(batch.x), batch.y)
            run.record(loss=loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    if run.history.interrupted:  # half a judge must not be kept
        raise KeyboardInterrupt
    return model
