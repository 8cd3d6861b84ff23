"""Experiments on estimates of the likelihood, as functions of a seed that return {name: number}."""

import copy
import math

import torch

from vae_utils import data, models, objectives


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
