"""Chapter 9: right answers pass, wrong ones are told what they are."""

import math

import numpy as np
import torch
from judged import judged

from vae_utils.exercises.chapter_9 import EXERCISES

LINE = torch.linspace(-1, 1, 10)
GENUINE = torch.tensor([-1.0, 1.0]).repeat(5)
IMPOSTOR = LINE / LINE.std() * GENUINE.std()


def naive(log_w):
    return log_w.exp().mean(0).log()


def forge(features, wanted, steps=60, squash=torch.sigmoid, rate=0.3):
    a = torch.randn(len(wanted), 784, generator=torch.Generator().manual_seed(1)).requires_grad_()
    optimizer = torch.optim.Adam([a], lr=rate)
    for _ in range(steps):
        loss = (features(squash(a)) - wanted).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return squash(a)


def plain_descent(features, wanted, steps):
    x = torch.rand(len(wanted), 784, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (features(x) - wanted).square().sum().backward()
        x = (x - 0.02 * x.grad / x.grad.abs().mean()).clamp(0, 1)
    return x


RIGHT = [
    ("9.1", lambda log_w: log_w.logsumexp(0) - math.log(log_w.shape[0])),
    ("9.1", lambda log_w: np.logaddexp.reduce(log_w.numpy(), 0) - np.log(len(log_w))),
    ("9.2", 0, math.log(500)),
    ("9.2", 0.0, 6.21),
    ("9.3", 10, IMPOSTOR),
    ("9.3", 10.0, [-math.sqrt(5), math.sqrt(5)] + 8 * [0.0]),
    ("9.3", 10.0, (-IMPOSTOR).view(10, 1)),
    ("9.4", forge),
    ("9.4", plain_descent),
]
WRONG = [
    ("the log of the sum", "9.1", lambda log_w: log_w.logsumexp(0)),
    ("which is the ELBO", "9.1", lambda log_w: log_w.mean(0)),
    ("you return -inf, right is -90", "9.1", naive),
    ("largest log-weight alone", "9.1", lambda log_w: log_w.max(0).values),
    ("over the batch", "9.1", lambda log_w: log_w.logsumexp(1) - math.log(log_w.shape[1])),
    ("the batch is averaged too", "9.1", lambda log_w: (log_w.logsumexp(0) - math.log(len(log_w))).mean()),
    ("the sign is turned", "9.1", lambda log_w: math.log(len(log_w)) - log_w.logsumexp(0)),
    ("is the `return` missing", "9.1", lambda log_w: print(end="")),
    ("the other way round", "9.2", math.log(500), 0),
    ("how many there are", "9.2", 0, 500),
    ("in bits", "9.2", 0, 8.97),
    ("its logarithm is what is asked", "9.2", 1, 6.21),
    ("too large", "9.2", 0, math.inf),
    ("2 and 3 are standard deviations", "9.3", 34, IMPOSTOR),
    ("the spreads count", "9.3", 9, IMPOSTOR),
    ("this is d; asked is its square", "9.3", 3.162, IMPOSTOR),
    ("the cross term", "9.3", 22, IMPOSTOR),
    ("is not 11", "9.3", 11, IMPOSTOR),
    ("expected a number", "9.3", [1, 2], IMPOSTOR),
    ("expected ten numbers", "9.3", 10, [0.0] * 9),
    ("expected ten numbers", "9.3", 10, "far"),
    ("10 of the impostor's numbers are real", "9.3", 10, GENUINE),
    ("its mean should be 0", "9.3", 10, IMPOSTOR + 1),
    ("the standard deviation is not", "9.3", 10, LINE),
    ("not finite", "9.3", 10, [math.nan] * 10),
    ("do the steps change the pixels?", "9.4", lambda f, wanted, steps: torch.rand(len(wanted), 784)),
    ("take larger steps", "9.4", lambda f, wanted, steps: forge(f, wanted, 1)),
    ("a sigmoid keeps to that", "9.4", lambda f, wanted, steps: forge(f, wanted, steps, squash=lambda a: a)),
    ("expected shape (6, 784)", "9.4", lambda f, wanted, steps: forge(f, wanted[:2], steps)),
    ("an answer of type float", "9.4", lambda f, wanted, steps: 0.5),
    ("is the `return` missing", "9.4", lambda f, wanted, steps: print(end="")),
]


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
