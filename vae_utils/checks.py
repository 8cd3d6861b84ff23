"""What exercises call: one line with a tick, or one that says kindly what differs. Nothing here raises."""

import torch

TICK, CROSS, OPEN = "✓", "✗", "…"


def check_value(answer, expected, name, tolerance=1e-4, hint=""):
    """Compare a number, array or tensor with the expected one; prints one line."""
    if _unfilled(answer):
        return print(f"{OPEN} {name}: not filled in yet.")
    try:
        difference = _difference(answer, expected)
    except (TypeError, ValueError, RuntimeError) as problem:
        return print(f"{CROSS} {name}: {problem}.{_hint(hint)}")
    if difference <= tolerance:
        return print(f"{TICK} {name}")
    print(f"{CROSS} {name}: differs by up to {difference:.4g} (allowed: {tolerance:g}).{_hint(hint)}")


def check_function(candidate, reference, inputs, name, tolerance=1e-4, hint=""):
    """Call both functions on each tuple of `inputs` and compare; prints one line."""
    for arguments in inputs:
        try:
            answer = candidate(*arguments)
        except NotImplementedError:
            return print(f"{OPEN} {name}: not filled in yet.")
        except Exception as problem:
            return print(f"{CROSS} {name}: your function raised {type(problem).__name__}: {problem}{_hint(hint)}")
        if _unfilled(answer):
            return print(f"{OPEN} {name}: not filled in yet.")
        try:
            difference = _difference(answer, reference(*arguments))
        except (TypeError, ValueError, RuntimeError) as problem:
            return print(f"{CROSS} {name}: {problem}.{_hint(hint)}")
        if not difference <= tolerance:
            return print(f"{CROSS} {name}: differs by up to {difference:.4g} (allowed: {tolerance:g}).{_hint(hint)}")
    print(f"{TICK} {name}")


def check_true(condition, name, hint=""):
    """Print a tick if the condition holds."""
    if _unfilled(condition):
        return print(f"{OPEN} {name}: not filled in yet.")
    print(f"{TICK} {name}" if condition else f"{CROSS} {name}: not yet.{_hint(hint)}")


def _unfilled(answer):
    return answer is None or answer is Ellipsis


def _difference(answer, expected):
    answer, expected = _numbers(answer), _numbers(expected)
    if answer.shape != expected.shape:
        raise ValueError(f"got shape {tuple(answer.shape)}, expected {tuple(expected.shape)}")
    same = answer == expected  # infinities compare equal, and their difference would not
    return torch.where(same, 0.0, (answer - expected).abs()).nan_to_num(nan=torch.inf).max().item()


def _numbers(value):
    return torch.as_tensor(value).detach().to(torch.float64)


def _hint(hint):
    return f" Hint: {hint}" if hint else ""
