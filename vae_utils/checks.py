"""What exercises call: one line with a tick, or one that says kindly what differs. Nothing here raises."""

import torch

from .exercises import exercise

__all__ = ["check_function", "check_true", "check_value", "exercise"]
TICK, CROSS, OPEN = "✓", "✗", "…"


def check_value(answer, expected, name, tolerance=1e-4, hint=""):
    """Compare a number, array or tensor with the expected one; prints one line."""
    if _unfilled(answer):
        return print(f"{OPEN} {name}: not filled in yet.")
    problem = _problem(answer, expected, tolerance)
    print(f"{CROSS} {name}: {problem}.{_hint(hint)}" if problem else f"{TICK} {name}")


def check_function(candidate, reference, inputs, name, tolerance=1e-4, hint=""):
    """Call both functions on each tuple of `inputs` and compare; prints one line."""
    if _unfilled(candidate):
        return print(f"{OPEN} {name}: not filled in yet.")
    for arguments in inputs:
        try:
            answer = candidate(*arguments)
        except NotImplementedError:
            return print(f"{OPEN} {name}: not filled in yet.")
        except Exception as problem:
            return print(f"{CROSS} {name}: your function raised {type(problem).__name__}: {problem}.{_hint(hint)}")
        if _unfilled(answer):
            return print(f"{OPEN} {name}: not filled in yet.")
        problem = _problem(answer, reference(*arguments), tolerance)
        if problem:
            return print(f"{CROSS} {name}: {problem}.{_hint(hint)}")
    print(f"{TICK} {name}")


def check_true(condition, name, hint=""):
    """Print a tick if the condition holds."""
    if _unfilled(condition):
        return print(f"{OPEN} {name}: not filled in yet.")
    try:
        holds = bool(torch.as_tensor(condition, device="cpu").all())
    except Exception:
        return print(f"{CROSS} {name}: got {_kind(condition)}, expected True or False.{_hint(hint)}")
    print(f"{TICK} {name}" if holds else f"{CROSS} {name}: not yet.{_hint(hint)}")


def _unfilled(answer):
    return answer is None or answer is Ellipsis or (isinstance(answer, tuple | list) and any(map(_unfilled, answer)))


def _problem(answer, expected, tolerance):
    """What is wrong with the answer, in words; None if nothing is."""
    expected = _numbers(expected)
    try:
        answer = _numbers(answer)
    except Exception:
        return f"got {_kind(answer)}, expected {_described(expected)}"
    if answer.shape != expected.shape:
        return f"got {_described(answer)}, expected {_described(expected)}"
    same = answer == expected  # infinities compare equal, and their difference would not
    gap = torch.where(same, 0.0, (answer - expected).abs()).nan_to_num(nan=torch.inf, posinf=torch.inf)
    difference = max(gap.flatten().tolist(), default=0.0)
    return None if difference <= tolerance else f"differs by up to {difference:.4g} (allowed: {tolerance:g})"


def _numbers(value):
    if isinstance(value, tuple | list) and value:
        return torch.stack([_numbers(part) for part in value])
    return torch.as_tensor(value, device="cpu").detach().to(torch.float64)


def _described(numbers):
    return f"shape {tuple(numbers.shape)}" if numbers.ndim else "a number"


def _kind(answer):
    return f"an answer of type {type(answer).__name__}"


def _hint(hint):
    return f" Hint: {hint}" if hint else ""
