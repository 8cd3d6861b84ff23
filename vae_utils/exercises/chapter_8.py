"""The exercises of chapter 8."""

import torch
import torch.nn.functional as F

from .. import data, evaluation
from ..evaluation import gradient_energy
from . import Function, Judged

SIDE = 14


def best_gaussian(levels, shares):
    mean = (shares * levels).sum()
    return torch.stack([mean, (shares * (levels - mean) ** 2).sum().sqrt()])


def gray_pixels():
    return [
        (torch.tensor([0.0, 1.0]), torch.tensor([0.9, 0.1])),
        (torch.tensor([0.0, 0.4, 1.0]), torch.tensor([0.5, 0.3, 0.2])),
        (torch.tensor([0.2, 0.5, 0.6, 0.9]), torch.tensor([0.1, 0.2, 0.3, 0.4])),
    ]


def equally_often(levels, shares):
    return torch.stack([levels.mean(), levels.std(correction=0)])


def with_variance(levels, shares):
    mean, sigma = best_gaussian(levels, shares)
    return torch.stack([mean, sigma**2])


def of_a_coin(levels, shares):
    mean = (shares * levels).sum()
    return torch.stack([mean, (mean * (1 - mean)).sqrt()])


def second_moment(levels, shares):
    return torch.stack([(shares * levels).sum(), (shares * levels**2).sum().sqrt()])


def pictures():
    x = torch.rand(6, SIDE**2, generator=torch.Generator().manual_seed(0))
    board = ((torch.arange(SIDE)[:, None] + torch.arange(SIDE)) % 2).float().view(1, -1)
    stripes = (torch.arange(SIDE)[:, None] % 2).float().expand(SIDE, SIDE).reshape(1, -1)
    return [(x,), (board,), (stripes,)]


def steps(x, down=True, across=True):
    images = x.view(-1, SIDE, SIDE)
    found = 0.0
    if down:
        found = found + images.diff(dim=1).square().mean((1, 2))
    return found + (images.diff(dim=2).square().mean((1, 2)) if across else 0.0)


def summed(x):
    images = x.view(-1, SIDE, SIDE)
    return 0.5 * (images.diff(dim=1).square().sum((1, 2)) + images.diff(dim=2).square().sum((1, 2)))


def absolute(x):
    images = x.view(-1, SIDE, SIDE)
    return 0.5 * (images.diff(dim=1).abs().mean((1, 2)) + images.diff(dim=2).abs().mean((1, 2)))


def soft_digits():
    """Real scans at 14 x 14 in three degrees of softness, and the meter that reads 1 for the scans."""
    scans = data.load_digits_8x8().x[:200].view(-1, 1, 8, 8)
    sharp = F.interpolate(scans, size=(SIDE, SIDE), mode="bilinear").clamp(0, 1)
    smooth = [F.avg_pool2d(sharp, 3, stride=1, padding=1)]
    smooth += [F.avg_pool2d(smooth[0], 3, stride=1, padding=1), 0.5 * (sharp + smooth[0])]
    flat = sharp.flatten(1)
    return [each.flatten(1) for each in smooth], lambda x: evaluation.sharpness(x, flat).laplacian


def judge_fake(fake_sharpness):
    softened, meter = soft_digits()
    for soft in softened:
        faked = fake_sharpness(soft.clone(), meter)
        if faked is None:
            return "your function returns nothing: is the `return` missing?"
        if not torch.is_tensor(faked) or faked.shape != soft.shape:
            return f"expected a tensor of shape {tuple(soft.shape)}, like soft"
        if problem := _fault(faked.detach(), soft, meter):
            return problem


def _fault(faked, soft, meter):
    if not (faked.min() >= 0 and faked.max() <= 1):
        return f"gray levels from {faked.min():.2f} to {faked.max():.2f}, expected all in [0, 1]: clamp before you read"
    reading, before, moved = meter(faked), meter(soft), (faked - soft).abs().mean().item()
    if abs(reading - 1) > 0.0305:
        known = "these are the soft digits themselves" if moved == 0 else "a fixed amount fits one softness only"
        return f"the meter reads {reading:.2f} (the soft digits: {before:.2f}), expected 0.97 to 1.03; {known}"
    if moved > 0.15:
        return f"an average pixel is {moved:.2f} from that of the soft digit, expected at most 0.15"


def effective_classes(counts):
    return torch.special.entr(counts / counts.sum()).sum().exp()


def class_counts():
    counts = [[5.0] * 10, [900, 50, 50, 0, 0, 0, 0, 0, 0, 0], [0, 8, 0, 0, 0, 0, 0, 0, 0, 0], [*range(10)]]
    return [(torch.tensor(each, dtype=torch.float32),) for each in counts]


def entropy(counts):
    return effective_classes(counts).log()


EXERCISES = {
    "8.1": Function(
        "the best Gaussian of a gray pixel",
        best_gaussian,
        gray_pixels,
        hint="the mean of the levels, and their spread around it, each level with its share",
        slips={
            "the levels come with different shares": equally_often,
            "the second number is the variance; sigma is its root": with_variance,
            "m (1 - m) is the variance of a pixel with the two levels 0 and 1 only": of_a_coin,
            "the variance is taken around the mean": second_moment,
        },
    ),
    "8.2": Function(
        "gradient energy",
        gradient_energy,
        pictures,
        hint="the mean over pixels, not the sum, of down and of across; then the half of both",
        slips={
            "a sum over the pixels in place of their mean": summed,
            "only the steps down are counted": lambda x: steps(x, across=False),
            "only the steps across are counted": lambda x: steps(x, down=False),
            "only half of the steps down are counted": lambda x: 0.5 * steps(x, across=False),
            "only half of the steps across are counted": lambda x: 0.5 * steps(x, down=False),
            "the steps are squared in (8.5)": absolute,
        },
    ),
    "8.3": Judged(
        "cheat the meter", judge_fake, hint="grain reads high; find how much of it by bisection, after the clamp"
    ),
    "8.4": Function(
        "how many classes",
        effective_classes,
        class_counts,
        hint="leave out the zeros before you take the logarithm",
        slips={
            "that is the entropy; its exponential is asked": entropy,
            "the exponential of an entropy in nats, or 2 to an entropy in bits": lambda c: 2 ** entropy(c),
            "every class that comes at all is counted in full": lambda c: (c > 0).sum(),
            "one over the sum of squared shares is another count": lambda c: 1 / (c / c.sum()).square().sum(),
        },
    ),
}
