"""The exercises of chapter 5: right answers pass, and each wrong one is told what it is."""

import itertools
import math

import torch
from judged import judged

from vae_utils import evaluation, models, objectives
from vae_utils.exercises.chapter_5 import EXERCISES, broken, slerp

ELBO = 2 / 3072


def beta(pixels, weight):
    return weight * pixels / 2


def by_package(encoder, decoder, x, eps, sigma, beta):
    model = models.VAE(encoder, decoder, models.GaussianObservation(sigma), eps.shape[1])
    return -objectives.elbo(model, x, beta=beta, eps=eps).elbo.mean()


def loss(
    encoder, decoder, x, eps, sigma, beta, draw=lambda s: torch.exp(0.5 * s), pixels="sum", latent="sum", batch="mean",
    constant=True,
):  # fmt: skip
    mu, logvar = encoder(x).chunk(2, dim=-1)
    law = torch.distributions.Normal(decoder(mu + draw(logvar) * eps), sigma)
    nats = -law.log_prob(x) if constant else (x - law.mean).square() / (2 * sigma**2)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return getattr(getattr(nats, pixels)(-1) + beta * getattr(kl, latent)(-1), batch)()


def changed(**how):
    return lambda *inputs: loss(*inputs, **how)


def turned(*inputs):
    return 2 * loss(*inputs[:-1], 0.0) - loss(*inputs)


def compare(betas, rates, lost):
    pairs = itertools.pairwise(zip(betas, rates, lost, strict=True))
    return [[a, b] for (a, r, d), (b, s, e) in pairs if not a <= (e - d) / (r - s) <= b]


RIGHT = [
    ("5.1", (beta, ELBO)),
    ("5.1", (lambda pixels, weight: objectives.effective_beta(1 / pixels, weight), 0.00065)),
    ("5.2", (by_package,)),
    ("5.2", (loss,)),
    ("5.3", (slerp,)),
    ("5.3", (evaluation.slerp,)),
    ("5.4", (10, 7.07)),
    ("5.4", (10.0, math.sqrt(50))),
    ("5.5", (broken,)),
    ("5.5", (compare,)),
]
WRONG = [
    ("5.1", (lambda p, w: w * p, ELBO), "the beta for nats"),
    ("5.1", (lambda p, w: w / p / 2, ELBO), "multiplied by them"),
    ("5.1", (lambda p, w: w / 2, ELBO), "the pixels are missing"),
    ("5.1", (lambda p, w: 2 * w * p, ELBO), "2 sigma^2 stands below"),
    ("5.1", (lambda p, w: [].append(w), ELBO), "is the `return` missing"),
    ("5.1", (beta, 1 / 3072), "squares have a 2 sigma^2"),
    ("5.1", (beta, 2 / 1024), "one channel"),
    ("5.1", (beta, 1.0), "beta is 1536"),
    ("5.1", (beta, 0.1), "solve beta = 1"),
    ("5.1", (beta, "1"), "no number"),
    ("5.2", (changed(draw=torch.exp),), "sigma its root"),
    ("5.2", (changed(draw=lambda s: s),), "shifted by logvar itself"),
    ("5.2", (changed(draw=torch.zeros_like),), "eps is not used"),
    ("5.2", (changed(draw=lambda s: torch.exp(s / 2) * torch.randn_like(s)),), "where does the noise come from"),
    ("5.2", (changed(pixels="mean"),), "a hidden beta"),
    ("5.2", (changed(latent="mean"),), "dimensions are averaged"),
    ("5.2", (changed(pixels="mean", latent="mean"),), "pixels and dimensions"),
    ("5.2", (changed(batch="sum"),), "the batch is summed"),
    ("5.2", (changed(constant=False),), "no constant"),
    ("5.2", (turned,), "it is a cost"),
    ("5.2", (lambda *inputs: -loss(*inputs),), "the loss is minus it"),
    ("5.2", (lambda *inputs: loss(*inputs[:-1], 1.0),), "beta weighs nothing"),
    ("5.2", (lambda *inputs: loss(*inputs[:-2], 1.0, inputs[-1]),), "right is"),
    ("5.2", (lambda *inputs: loss(*inputs, batch="flatten"),), "expected a number"),
    ("5.3", (torch.lerp,), "the straight line"),
    ("5.3", (lambda a, b, t: slerp(b, a, t),), "exchanged"),
    ("5.3", (lambda a, b, t: math.sqrt(2) * torch.lerp(a, b, t),), "you return"),
    ("5.3", (lambda a, b, t: math.cos(t * math.pi / 2) * a + math.sin(t * math.pi / 2) * b,), "fixed at 90°"),
    ("5.3", (lambda a, b, t: torch.nn.functional.normalize(torch.lerp(a, b, t), dim=-1) * 2,), "you return"),
    ("5.3", (lambda a, b, t: slerp(a, b, t).sum(-1),), "expected shape"),
    ("5.4", (100, 7.07), "the norm of a draw is not 100: that is the squared norm"),
    ("5.4", (10, 5), "do not point the same way"),
    ("5.4", (10, 10), "the straight line leaves the shell"),
    ("5.4", (10, 50), "that is the squared norm"),
    ("5.5", (lambda b, r, d: broken(b, d, r),), "the change of D over that of R"),
    ("5.5", (lambda b, r, d: broken(b, [-x for x in r], d),), "are negative"),
    ("5.5", (lambda b, r, d: [p for p in itertools.pairwise(b) if p not in broken(b, r, d)],), "keep it"),
    ("5.5", (lambda b, r, d: [],), "you find []"),
    ("5.5", (lambda b, r, d: 3,), "expected a list of pairs"),
    ("5.5", (lambda b, r, d: print(end=""),), "is the `return` missing"),
]


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(
    EXERCISES,
    [(number, *answers) for number, answers in RIGHT],
    [(words, number, *answers) for number, answers, words in WRONG],
)
