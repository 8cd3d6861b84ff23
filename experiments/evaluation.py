"""Experiments on estimates of the likelihood, as functions of a seed that return {name: number}."""

import copy
import math

import torch
from torch.nn.functional import avg_pool2d

from vae_utils import data, evaluation, models, objectives
from vae_utils.classifier import load_classifier

from .setting import digits, fit


def many_samples(seed):
    scans, found = data.load_digits_8x8().x, {}
    exact = models.LinearVAE(64, 16, sigma="shared").fit_exact(scans)
    for name, c in (("wide q", 2.25), ("narrow q", 0.3298)):
        model = copy.deepcopy(exact)
        model.logvar.data += math.log(c)
        weights = objectives.log_weights(model, scans[:30], 4096, generator=torch.Generator().manual_seed(seed))
        for k in (1, 16, 256):
            level = weights.view(-1, k, 30).logsumexp(1).mean() - math.log(k)
            found[f"{name}, K = {k}"] = exact.log_evidence(scans[:30]).mean() - level
    return found


def held_out():
    """Two thousand test digits, gray and binarized."""
    gray = digits(2000, train=False).x
    return gray, data.binarize(gray, generator=torch.Generator().manual_seed(2))


def two_sizes(seed):
    train = data.binarize(digits(20_000).x, generator=torch.Generator().manual_seed(1))
    gray, held = held_out()
    judge, found = load_classifier(digits(20_000)), {}
    real = judge.features(gray[:1000])
    for d in (2, 40):
        model = models.mlp_vae(784, d, hidden=(200,), seed=seed)
        fit(model, train, epochs=5, seed=seed)
        seen = judge.features(model.likelihood(model.prior().sample((1000,))).mean)
        precision, recall = evaluation.precision_recall(real, seen)
        found[f"log p(x), d = {d}"] = evaluation.log_likelihood(model, held[:100], k=1000).mean()
        found[f"Fréchet distance, d = {d}"] = evaluation.frechet_distance(real, seen)
        found[f"precision, d = {d}"], found[f"recall, d = {d}"] = precision, recall
    return found


def forged(features, wanted):
    a = torch.randn(len(wanted), 784).requires_grad_()
    optimizer = torch.optim.Adam([a], lr=0.3)
    for _ in range(60):
        loss = (features(a.sigmoid()) - wanted).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return a.sigmoid().detach()


def impostors(seed):
    """Each from other digits: the seed decides which thousand are the reference."""
    judge, gray = load_classifier(digits(20_000)), held_out()[0]
    gray = gray[torch.randperm(2000, generator=torch.Generator().manual_seed(seed))]
    real, others, found = judge.features(gray[:1000]), gray[1000:], {}
    crowd = {
        "other test digits": others,
        "chimeras": torch.cat([others[:, :392], others.roll(1, 0)[:, 392:]], 1),
        "the reference, blurred": avg_pool2d(gray[:1000].view(-1, 1, 28, 28), 5, 1, 2).flatten(1),
        "forged static": forged(judge.features, real),
    }
    for name, images in crowd.items():
        seen = judge.features(images)
        found[f"Fréchet distance, {name}"] = evaluation.frechet_distance(real, seen)
        found[f"recall, {name}"] = evaluation.precision_recall(real, seen)[1]
    return found
