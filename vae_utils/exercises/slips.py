"""The usual slips, found by what they do to the values."""

import contextlib
import math
from typing import NamedTuple

import torch

from . import words

CONSTANTS = {
    "½ log 2π": 0.5 * math.log(2 * math.pi),
    "log 2π": math.log(2 * math.pi),
    "log 2": math.log(2.0),
    "½": 0.5,
    "1": 1.0,
}
POWERS = {"logvar": "exp(logvar) is the variance, and sigma its root", "sigma": "sigma squared is the variance"}


class Trial(NamedTuple):
    """The inputs of one call, what the reader's function returned, and what is right."""

    inputs: tuple
    answer: torch.Tensor
    expected: torch.Tensor

    def gap(self):
        same = self.answer == self.expected  # infinities compare equal, and their difference would not
        far = torch.where(same, 0.0, (self.answer - self.expected).abs())
        return far.nan_to_num(nan=torch.inf, posinf=torch.inf)

    def right(self, tolerance):
        return self.answer.shape == self.expected.shape and bool((self.gap() <= tolerance).all())

    def worst(self):
        """The index of the first wrong value."""
        gap = self.gap()
        first = (gap >= 0.5 * gap.max()).nonzero()[0]
        return tuple(first.tolist())

    def inputs_at(self, place, names):
        """The inputs of that place: numbers where an input has the answer's shape, rows where it has one axis more."""
        parts = []
        for name, content in zip(names, self.inputs, strict=False):
            is_tensor = isinstance(content, torch.Tensor)
            if is_tensor and place and content.shape[: len(place)] == self.answer.shape:
                content = content[place]
            parts.append(words.value(name, content))
        return ", ".join(parts)


def named_slip(candidate, task, trials):
    """The words for what went wrong, if it is a mistake that is known; None if not."""
    for text, mistake in task.slips.items():
        with contextlib.suppress(Exception):
            if all(_same(trial.answer, _numbers(mistake(*trial.inputs)), task.tolerance) for trial in trials):
                return text
    return (
        _own_noise(candidate, trials)
        or _shapes(trials, task.tolerance)
        or _always_the_same(trials)
        or _unused(candidate, task, trials[0])
        or _values(trials, task.tolerance)
        or _spread(task, trials)
    )


def _numbers(value):
    if isinstance(value, tuple | list) and value:
        return torch.stack([_numbers(part) for part in value])
    return torch.as_tensor(value).detach().to(torch.float64)


def _same(answer, other, tolerance):
    if answer.shape != other.shape:
        return False
    near = (answer - other).abs() <= tolerance * (1 + other.abs())
    alike = (answer == other) | (answer.isnan() & other.isnan())  # infinities have no difference
    return bool((near | alike).all())


def _own_noise(candidate, trials):
    for trial in trials:
        again = _numbers(candidate(*trial.inputs))
        if again.shape == trial.answer.shape and not torch.equal(again.nan_to_num(), trial.answer.nan_to_num()):
            return "two calls with the same input return different values; where does the noise come from?"


def _shapes(trials, tolerance):
    if all(trial.answer.shape == trial.expected.shape for trial in trials):
        return None
    found = {
        "the last dimension was kept": lambda a, e: _same(a.squeeze(-1), e, tolerance),
        "it is transposed": lambda a, e: a.ndim == 2 and _same(a.T, e, tolerance),
        "it is not yet summed over the last dimension": lambda a, e: _same(a.sum(-1), e, tolerance),
        "it is not yet summed": lambda a, e: _same(a.sum(), e, tolerance),
        "the batch is summed too": lambda a, e: _same(a, e.sum(), tolerance),
        "the batch is averaged too": lambda a, e: _same(a, e.mean(), tolerance),
    }
    for text, holds in found.items():
        with contextlib.suppress(Exception):
            if all(holds(trial.answer, trial.expected) for trial in trials):
                return text


def _always_the_same(trials):
    answers, expected = (torch.cat([t[part].flatten() for t in trials]) for part in (1, 2))
    if len(answers) > 1 and len(answers.unique()) == 1 and len(expected.unique()) > 1:
        return "it is the same value for every input"


def _unused(candidate, task, trial):
    """An argument that changes what is right and not what the reader's function returns."""
    names = words.signature_names(task.reference)
    for place, content in enumerate(trial.inputs):
        is_float = isinstance(content, float) or (isinstance(content, torch.Tensor) and content.is_floating_point())
        if not is_float:
            continue
        moved = (*trial.inputs[:place], 1.07 * content + 0.01, *trial.inputs[place + 1 :])
        with contextlib.suppress(Exception):
            unmoved = torch.equal(_numbers(candidate(*moved)), trial.answer)
            if unmoved and not _same(_numbers(task.reference(*moved)), trial.expected, task.tolerance):
                return f"it does not use {names[place]}"


def _values(trials, tolerance):
    answer = torch.cat([trial.answer.flatten() for trial in trials])
    expected = torch.cat([trial.expected.flatten() for trial in trials])
    if answer.shape != expected.shape or not bool(torch.isfinite(answer).all()) or not bool(expected.any()):
        return None
    if len(answer) > 1 and _same(answer - expected, (answer - expected).mean().expand_as(answer), tolerance):
        return _constant((answer - expected).mean().item())
    for text, factor in FACTORS.items():
        if _same(answer, factor * expected, tolerance):
            return text
    return _averaged(trials, tolerance)


FACTORS = {
    "the sign is turned": -1.0,
    "it is twice what it should be: is a ½ missing?": 2.0,
    "it is half of what it should be: is a ½ too many?": 0.5,
    "the sign is turned, and a factor of two is missing": -0.5,
    "the sign is turned, and there is a factor of two too many": -2.0,
    "is it log2 in place of the natural logarithm?": 1 / math.log(2),
    "is it log10 in place of the natural logarithm?": 1 / math.log(10),
}


def _constant(difference):
    way = "too large" if difference > 0 else "too small"
    for many in range(1, 17):
        for text, value in CONSTANTS.items():
            if abs(abs(difference) - many * value) < 1e-4:
                times = f"{many} · " if many > 1 else ""
                return f"everywhere {way} by {times}{text}: is a constant wrong?"
    return f"everywhere {way} by the same {abs(difference):.4g}: is a constant wrong?"


def _averaged(trials, tolerance):
    for axis in (-1, 0):
        sizes = []
        for trial in trials:
            tensors = [content for content in trial.inputs if isinstance(content, torch.Tensor) and content.ndim]
            sizes.append(tensors[0].shape[axis] if tensors else 1)
        for text, power in (("a mean in place of a sum", -1), ("a sum in place of a mean", 1)):
            scaled = [trial.expected * float(size) ** power for trial, size in zip(trials, sizes, strict=True)]
            if max(sizes) > 1 and all(_same(t.answer, s, tolerance) for t, s in zip(trials, scaled, strict=True)):
                return f"is it {text}?"


def _spread(task, trials):
    """The variance where sigma belongs, or sigma where the variance does: the reference with that argument changed."""
    for place, name in enumerate(words.signature_names(task.reference)):
        for ending, text in POWERS.items():
            if not name.endswith(ending):
                continue
            for power in (2, 0.5):
                with contextlib.suppress(Exception):
                    if all(_same(t.answer, _powered(task, t, place, ending, power), task.tolerance) for t in trials):
                        return text


def _powered(task, trial, place, ending, power):
    content = trial.inputs[place]
    changed = power * content if ending == "logvar" else content**power
    return _numbers(task.reference(*trial.inputs[:place], changed, *trial.inputs[place + 1 :]))


def number_slip(got, value, tolerance):
    """The words for a wrong number, by what it is of the right one."""
    near = {
        "the sign is turned": -value,
        "twice the right value": 2 * value,
        "half the right value": value / 2,
        "the square of the right value: sigma, or the variance?": value * value,
        "the root of the right value: sigma, or the variance?": math.sqrt(abs(value)),
        "is it log2 in place of the natural logarithm?": value / math.log(2),
        "is it log10 in place of the natural logarithm?": value / math.log(10),
    }
    for text, wrong in near.items():
        if abs(got - wrong) <= min(tolerance, 0.1 * abs(wrong - value)):
            return text
    return "too large" if got > value else "too small" if got < value else "it is no number"
