"""The exercises of chapter 9."""

import math

import torch
import torch.nn.functional as F

from ..evaluation import frechet_distance, precision_recall
from .exercise import Function, Judged, Numbers, numbers
from .words import described, shown


def bound(log_w):
    """(K, B) -> (B,)."""
    return log_w.logsumexp(0) - math.log(len(log_w))


def log_weights():
    scattered = 3 * torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    return [(scattered,), (torch.tensor([[-900.0, -901.0], [-902.0, -901.5], [-905.0, -903.0]]),)]


BOUND_SLIPS = {
    "this is the log of the sum; the bound takes the log of the average": lambda log_w: log_w.logsumexp(0),
    "this is the average of the logs, which is the ELBO; average the weights first": lambda log_w: log_w.mean(0),
    "this is the largest log-weight alone": lambda log_w: log_w.max(0).values,
    "the average belongs outside the exponential and inside the logarithm": lambda log_w: log_w.exp().mean(0),
    "the average runs over the batch; it should run over the K samples": lambda log_w: bound(log_w.T),
}

REAL = torch.tensor([-1.0, 1.0]).repeat(5)[:, None]
DISTANCES = {
    34: "2 and 3 are standard deviations, so the trace is the square of their difference",
    9: "the spreads count, too",
    1: "the means count, too",
    4: "square each difference",
    16: "square each difference, then add",
    math.sqrt(10): "this is d; asked is its square",
    9 + 4 + 9: "the cross term 2 s t is missing",
}


def clouds(squared_distance, impostor):
    """Exercise 9.3: a distance of 10, and ten numbers of the moments of REAL, none of them -1 or 1."""
    distance = numbers(squared_distance)
    if distance is None or distance.numel() != 1:
        return f"the squared distance is {described(squared_distance)}, expected a number"
    if not abs(distance.item() - 10) < 0.0051:
        words = next((why for wrong, why in DISTANCES.items() if abs(distance.item() - wrong) < 0.0051), None)
        return f"the squared distance is not {distance.item():.4g}" + (f": {words}" if words else "")
    cloud = numbers(impostor)
    if cloud is None or cloud.numel() != 10:
        got = described(impostor) if cloud is None else shown(cloud)
        return f"the impostor is {got}, expected ten numbers"
    return _as_far_as_it_is_real(cloud.view(10, 1))


def _as_far_as_it_is_real(cloud):
    if not bool(cloud.isfinite().all()):
        return "the impostor holds values that are not finite"
    distance, (precision, _) = frechet_distance(REAL.double(), cloud), precision_recall(REAL.double(), cloud)
    if distance > 0.001:
        centered = abs(cloud.mean().item()) < 0.01
        what = "the mean is right, the standard deviation is not" if centered else "its mean should be 0"
        spreads = f"{cloud.std().item():.3f} against {REAL.std().item():.3f}"
        return f"the impostor is at distance {distance:.3f}: {what}" + (f" ({spreads})" if centered else "")
    if precision > 0:
        return f"{10 * precision:.0f} of the impostor's numbers are real ones: a precision of {precision:.1f}"
    return None


def forger(forge):
    """Exercise 9.4: images of static whose features are near those of striped ones, under a small fixed network."""
    noise = torch.Generator().manual_seed(0)
    first, second = torch.randn(784, 64, generator=noise) / 8, torch.randn(64, 16, generator=noise) / 8

    def features(x):
        return F.softplus(x @ first) @ second

    stripes = (torch.arange(784) % 28 // torch.arange(2, 8)[:, None] % 2).float()
    wanted = features(stripes)
    images = forge(features, wanted, 60)
    if images is None:
        return "your function returns nothing: is the `return` missing?"
    if not torch.is_tensor(images) or images.shape != (6, 784):
        got = shown(images) if torch.is_tensor(images) else described(images)
        return f"your function returns {got}, expected shape (6, 784), an image for each row of wanted"
    images = images.detach()
    if not (images.min() >= 0 and images.max() <= 1):
        return (
            f"its pixels reach from {images.min():.3g} to {images.max():.3g}, expected [0, 1]: a sigmoid keeps to that"
        )
    start = (features(torch.rand(100, 784, generator=noise)).mean(0) - wanted).square().sum(1).mean()
    left = (features(images) - wanted).square().sum(1).mean() / start
    if left > 0.9:
        return f"{_percent(left)} of the distance of noise is left: do the steps change the pixels?"
    if left > 0.25:
        return f"{_percent(left)} of the distance of noise is left: take larger steps, or all 60 of them"
    return None


def _percent(share):
    return f"{100 * share:.0f} %"


EXERCISES = {
    "9.1": Function("the bound", bound, log_weights, hint="subtract log K from logsumexp over K", slips=BOUND_SLIPS),
    "9.2": Numbers(
        "mutual information",
        {"of the collapsed one it": 0.0, "of the memorizing one it": math.log(500)},
        hint="it is the average of log q(z | x) - log q(z)",
        slips={
            "the other way round": (math.log(500), 0.0),
            "this is how many there are; in nats it is the logarithm of that": (None, 500.0),
            "this is in bits": (None, math.log2(500)),
            "a ratio of equals is 1, and its logarithm is what is asked": (1.0, None),
        },
    ),
    "9.3": Judged("two clouds", clouds, hint="match mean 0 and the standard deviation of the real cloud", blanks=2),
    "9.4": Judged("a forger", forger, hint="the optimizer holds the pixels, and the loss goes back to them"),
}
