"""Chapter 13: right answers pass, wrong ones are told what they are."""

import math

import torch
from judged import judged

from vae_utils.exercises.chapter_13 import EXERCISES


def by_loop(betas):
    alpha, variance, alphas, sigmas = 1.0, 0.0, [], []
    for beta in betas.tolist():
        alpha, variance = math.sqrt(1 - beta) * alpha, (1 - beta) * variance + beta
        alphas.append(alpha), sigmas.append(math.sqrt(variance))
    return alphas, sigmas


def signal(betas):
    return torch.exp(torch.log1p(-betas).cumsum(0))


def levels(log_snr):
    snr = torch.exp(log_snr)
    return torch.sqrt(snr / (1 + snr)), torch.sqrt(1 / (1 + snr))


def guess(eps, z, log_snr, x=None, v=None):
    """x and v from eps, but for the parts that are given."""
    alpha, sigma = levels(log_snr)
    found = (z - sigma * eps) / alpha if x is None else x(eps, z, alpha, sigma)
    return found, (alpha * eps - sigma * found if v is None else v(found, eps, alpha, sigma, z))


def with_guess(**parts):
    return lambda eps, z, log_snr: guess(eps, z, log_snr, **parts)


def by_densities(z, alpha, sigma, means, s):
    """Bayes with torch's own Gaussians, part by part."""
    v = alpha**2 * s**2 + sigma**2
    near = torch.stack([torch.distributions.Normal(alpha * m, math.sqrt(v)).log_prob(z).sum(1) for m in means], 1)
    share = torch.exp(near - near.logsumexp(1, keepdim=True))
    return sum(share[:, k : k + 1] * (m + alpha * s * s / v * (z - alpha * m)) for k, m in enumerate(means))


def by_score(z, alpha, sigma, means, s):
    """Tweedie: E[x | z] = (z + sigma^2 d log p(z) / dz) / alpha."""
    z = z.clone().requires_grad_()
    v = alpha**2 * s**2 + sigma**2
    log_p = (-((z[:, None] - alpha * means) ** 2).sum(-1) / (2 * v)).logsumexp(1)
    (score,) = torch.autograd.grad(log_p.sum(), z)
    return (z.detach() + sigma**2 * score) / alpha


def parts(z, a, sigma, m, s, variance=None, gain=None, centers=None, counts=None, turn=1.0):
    v = a**2 * s**2 + sigma**2
    away = z[:, None] - (a * m if centers is None else centers)
    near = turn * -(away**2).sum(-1) / (2 * (v if variance is None else variance))
    share = torch.softmax(near, 1) if counts is None else counts(near)
    return (share[..., None] * (m + (a * s**2 / v if gain is None else gain) * away)).sum(1)


def likeliest(near):
    return torch.nn.functional.one_hot(near.argmax(1), near.shape[1]).float()


RIGHT = [
    ("13.1", by_loop),
    ("13.1", lambda betas: (signal(betas).sqrt(), (1 - signal(betas)).sqrt())),
    ("13.1", lambda betas: torch.stack([signal(betas) ** 0.5, (1 - signal(betas)) ** 0.5]).numpy()),
    ("13.2", 1.26, 0.7, 0.86),
    ("13.2", torch.tensor(1.26), 7 / 10, (math.e - 1) / 2),
    ("13.3", guess),
    ("13.3", lambda eps, z, log_snr: [part.double() for part in guess(eps, z, log_snr)]),
    ("13.4", by_densities),
    ("13.4", by_score),
    ("13.4", parts),
]
WRONG = [
    ("the roots are missing", "13.1", lambda b: (signal(b), 1 - signal(b))),
    ("one step alone", "13.1", lambda b: ((1 - b).sqrt(), b.sqrt())),
    ("that of the last step", "13.1", lambda b: (signal(b).sqrt(), b.sqrt())),
    ("the earlier steps shrinks too", "13.1", lambda b: (signal(b).sqrt(), b.cumsum(0).sqrt())),
    ("standard deviations do not add up", "13.1", lambda b: (signal(b).sqrt(), b.sqrt().cumsum(0))),
    ("their squares are", "13.1", lambda b: (signal(b).sqrt(), 1 - signal(b).sqrt())),
    ("this is sigma squared", "13.1", lambda b: (signal(b).sqrt(), 1 - signal(b))),
    ("not by 1 - beta", "13.1", lambda b: (signal(b), (1 - signal(b) ** 2).sqrt())),
    ("not the betas", "13.1", lambda b: (b.cumprod(0).sqrt(), (1 - b.cumprod(0)).sqrt())),
    ("only while they are tiny", "13.1", lambda b: ((1 - b.cumsum(0)).clamp(min=0).sqrt(), b.cumsum(0).sqrt())),
    ("changed places", "13.1", lambda b: ((1 - signal(b)).sqrt(), signal(b).sqrt())),
    ("is the `return` missing", "13.1", lambda b: [].append(b)),
    ("expected", "13.1", lambda b: signal(b).sqrt()),
    ("the ½ is missing", "13.2", 2.52, 0.7, 0.86),
    ("the ½ is missing", "13.2", 1.26, 1.4, 0.86),
    ("the ½ is missing", "13.2", 1.26, 0.7, 1.718),
    ("not yet squared", "13.2", 1.05, 0.7, 0.86),
    ("there are two", "13.2", 0.63, 0.7, 0.86),
    ("weight of the error in x", "13.2", 1.26, 1.75, 0.86),
    ("not of the one before", "13.2", 1.26, 0.2917, 0.86),
    ("17 levels are 16 steps", "13.2", 1.26, 0.7, 0.5 * (math.exp(16 / 17) - 1)),
    ("the limit of many levels", "13.2", 1.26, 0.7, 0.5),
    ("larger, exp(step)", "13.2", 1.26, 0.7, 0.5 * (1 - math.exp(-1))),
    ("the sign is turned", "13.2", -1.26, 0.7, 0.86),
    ("divided by alpha", "13.3", with_guess(x=lambda e, z, a, s: z - s * e)),
    ("in place of taken away", "13.3", with_guess(x=lambda e, z, a, s: (z + s * e) / a)),
    ("the roots are missing", "13.3", lambda e, z, lam: squared_levels(e, z, lam)),
    ("a high SNR means much alpha", "13.3", lambda e, z, lam: guess(e, z, -lam)),
    ("lacks sigma", "13.3", with_guess(x=lambda e, z, a, s: (z - e) / a)),
    ("v has its sign turned", "13.3", with_guess(v=lambda x, e, a, s, z: s * x - a * e)),
    ("a plus where a minus", "13.3", with_guess(v=lambda x, e, a, s, z: s * x + a * e)),
    ("this v is z again", "13.3", with_guess(v=lambda x, e, a, s, z: z)),
    ("at the wrong places", "13.3", with_guess(v=lambda x, e, a, s, z: s * e - a * x)),
    ("v reads z", "13.3", with_guess(v=lambda x, e, a, s, z: a * e - s * z)),
    ("is the `return` missing", "13.3", lambda e, z, lam: [].append(e)),
    ("all parts count alike", "13.4", lambda *given: parts(*given, turn=0.0)),
    ("the likeliest part alone", "13.4", lambda *given: parts(*given, counts=likeliest)),
    ("0 on a computer", "13.4", lambda *given: parts(*given, counts=lambda n: n.exp() / n.exp().sum(1)[:, None])),
    ("alpha times its mean", "13.4", lambda z, a, sigma, m, s: parts(z, a, sigma, m, s, centers=m)),
    ("its own and that of the noise", "13.4", lambda z, a, sigma, m, s: parts(z, a, sigma, m, s, variance=sigma**2)),
    ("a mean of the means", "13.4", lambda *given: parts(*given, gain=0.0)),
    ("believes z too much", "13.4", lambda z, a, sigma, m, s: parts(z, a, sigma, m, s, gain=1 / a)),
    ("has an alpha in it", "13.4", lambda z, a, g, m, s: parts(z, a, g, m, s, gain=s**2 / (a**2 * s**2 + g**2))),
    ("not squared", "13.4", lambda z, a, g, m, s: parts(z, a, g, m, s, gain=(a * s) ** 2 / (a**2 * s**2 + g**2))),
    ("twice the variance", "13.4", lambda *given: parts(*given, turn=2.0)),
    ("not over the batch", "13.4", lambda *given: parts(*given, counts=lambda near: near.softmax(0))),
    ("does not use s", "13.4", lambda z, a, sigma, m, s: parts(z, a, sigma, m, 0.5)),
    ("is the `return` missing", "13.4", lambda z, a, sigma, m, s: [].append(z)),
]


def squared_levels(eps, z, log_snr):
    alpha, sigma = torch.sigmoid(log_snr), torch.sigmoid(-log_snr)
    x = (z - sigma * eps) / alpha
    return x, alpha * eps - sigma * x


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
