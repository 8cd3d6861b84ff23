"""Experiments on what single codes mean, as functions of a seed that return {name: number}."""

import functools
import math
from typing import NamedTuple

import torch
from torch import nn

from vae_utils import data, evaluation, models, objectives
from vae_utils.distributions import DiagonalGaussian

from .setting import fit

N, LABELED, SIGMA = 10_000, 100, 0.05


class Faces(NamedTuple):
    """x (N, 1024) and the scores (N, 32) along its strongest principal directions (1024, 32); center: the mean face."""

    x: torch.Tensor
    factors: torch.Tensor
    center: torch.Tensor
    directions: torch.Tensor
    scores: torch.Tensor


@functools.cache
def faces():
    x, factors = data.faces(N, seed=0)
    center = x.mean(0)
    directions = torch.linalg.eigh(torch.cov((x - center).T))[1].flip(1)[:, :32]
    return Faces(x, factors, center, directions, (x - center) @ directions)


class Rescale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.register_buffer("factor", factor)

    def forward(self, x):
        return x * self.factor


def face_vae(seed, d=6):
    torch.manual_seed(seed)
    rescale = Rescale(faces().scores.std(0) ** -0.75)
    encoder = nn.Sequential(rescale, *models.mlp([32, 128, 128, 2 * d], nn.SiLU))
    decoder = models.mlp([d, 128, 128, 32], nn.SiLU)
    return models.VAE(encoder, decoder, models.GaussianObservation(SIGMA), d, 32)


def trained(seed, objective, beta, steps=700, batch_size=64, rows=None):
    model = face_vae(seed)
    rows, how = faces().scores if rows is None else rows, {"steps": steps, "batch_size": batch_size, "lr": 8e-3}
    fit(model, rows, beta=beta, objective=objective, seed=seed, **how)
    return model.requires_grad_(False)


tc_elbo = functools.partial(objectives.tc_elbo, n=N)


def mig(codes):
    """Of the faces that nobody labeled."""
    return evaluation.mig(faces().factors[LABELED:], codes[LABELED:]).mean()


def error(model):
    """Per pixel, root mean square, in thousandths of white."""
    known = faces()
    drawn = model.decoder(model.posterior(known.scores).mean) @ known.directions.T
    return 1000 * (known.x - known.center - drawn).square().mean().sqrt()


def race(seed):
    """The whole KL weighed against the total correlation alone."""
    found = {"MIG, PCA": mig(faces().scores[:, :6])}
    for name, objective in (("beta-VAE", objectives.elbo), ("beta-TCVAE", tc_elbo)):
        for beta in (4.0, 16.0):
            model = trained(seed, objective, beta)
            found[f"MIG, {name}, β = {beta:g}"] = mig(model.posterior(faces().scores).mean)
            found[f"error, {name}, β = {beta:g}"] = error(model)
    return found


def rotation(seed):
    """A trained model, turned: with the posterior that belongs to it, and with the nearest diagonal one."""
    model, scores = trained(seed, tc_elbo, 16.0, steps=500), faces().scores
    R = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(seed))).Q
    q, eps = model.posterior(scores), torch.randn(N, 6, generator=torch.Generator().manual_seed(seed))
    kl_turned = objectives.full_gaussian_kl(q.mu @ R.T, R @ torch.diag_embed(q.logvar.exp()) @ R.T)
    along = (R @ torch.diag_embed((-q.logvar).exp()) @ R.T).diagonal(dim1=1, dim2=2)
    nearest = DiagonalGaussian(q.mu @ R.T, -along.log())
    drawn = q.rsample(eps=eps)
    ways = (
        (drawn, objectives.gaussian_kl(q.mu, q.logvar)),
        (drawn @ R.T @ R, kl_turned),
        (nearest.rsample(eps=eps) @ R, objectives.gaussian_kl(nearest.mu, nearest.logvar)),
    )
    elbo, full, diagonal = ((model.likelihood(z).log_prob(scores) - kl).mean() for z, kl in ways)
    found = {"nats lost by the turn": elbo - full, "nats lost with a diagonal q": elbo - diagonal}
    return found | {"MIG": mig(q.mu), "MIG, turned": mig(q.mu @ R.T)}


def columns(seed):
    """The W that the exact ELBO of a linear VAE with the best diagonal posterior finds, for causes at right angles."""
    found = {}
    for name, strengths in (("unequal", (4.0, 1.0, 0.3)), ("equal", (1.5, 1.5, 1.5))):
        causes = torch.linalg.qr(torch.randn(16, 3, generator=torch.Generator().manual_seed(0))).Q
        W = _climbed(causes * torch.tensor(strengths) @ causes.T, seed)
        unit = W / W.norm(dim=0)
        found[f"with a cause, {name}"] = (unit.T @ causes).abs().amax(1).mean()
        found[f"with each other, {name}"] = (unit.T @ unit - torch.eye(3)).abs().max()
    return found


def _climbed(signal, seed, steps=600, sigma2=0.05):
    covariance = signal + sigma2 * torch.eye(16)
    W = (0.3 * torch.randn(16, 3, generator=torch.Generator().manual_seed(seed))).requires_grad_()
    optimizer = torch.optim.Adam([W], lr=0.05)
    for _ in range(steps):
        M = W.T @ W + sigma2 * torch.eye(3)
        misfit = (covariance.trace() - torch.linalg.solve(M, W.T @ covariance @ W).trace()) / sigma2
        log_p = -0.5 * (torch.logdet(M) + 13 * math.log(sigma2) + misfit)
        gap = 0.5 * (M.diagonal().log().sum() - torch.logdet(M))
        optimizer.zero_grad()
        (gap - log_p).backward()
        optimizer.step()
    return W.detach()


def with_labels(model, x, y=None, beta=1.0):
    terms, some = objectives.elbo(model, x, beta=beta), torch.randint(LABELED, (32,))
    guess = model.posterior(faces().scores[some]).mean[:, :5]
    return terms._replace(elbo=terms.elbo - 50 * (guess - faces().factors[some]).square().sum(-1).mean())


def with_pairs(model, x, y=None, beta=1.0):
    """Of two faces a row, (B, 64): what they share has one posterior (Locatello et al. 2020)."""
    x = x.reshape(-1, 32)
    q = model.posterior(x)
    mu, variance = q.mu.unflatten(0, (-1, 2)), q.logvar.exp().unflatten(0, (-1, 2))
    (m, n), (v, w) = mu.unbind(1), variance.unbind(1)
    kl = 0.5 * (torch.log(w / v) + (v + (m - n) ** 2) / w - 1)
    same = (kl < 0.5 * (kl.amax(-1, keepdim=True) + kl.amin(-1, keepdim=True))).unsqueeze(1)
    mu = torch.where(same, mu.mean(1, keepdim=True), mu).flatten(0, 1)
    logvar = torch.where(same, variance.mean(1, keepdim=True), variance).flatten(0, 1).log()
    z = DiagonalGaussian(mu, logvar).rsample()
    log_p, kl = model.likelihood(z).log_prob(x), objectives.gaussian_kl(mu, logvar)
    return objectives.Terms(log_p - beta * kl, log_p, kl, z)


@functools.cache
def pairs(count=5000):
    """Faces and partners that differ in one factor, (count, 64)."""
    known, noise = faces(), torch.Generator().manual_seed(0)
    other, which = known.factors[:count].clone(), torch.randint(5, (count,), generator=noise)
    other[torch.arange(count), which] = torch.randn(count, generator=noise)
    partners = (data.render_faces(other) - known.center) @ known.directions
    return torch.cat([known.scores[:count], partners], 1)


def supervision(seed):
    ways = {
        "no help": {"objective": objectives.elbo},
        "100 labels": {"objective": with_labels, "steps": 500},
        "5,000 pairs": {"objective": with_pairs, "steps": 500, "batch_size": 32, "rows": pairs()},
    }
    found = {}
    for name, how in ways.items():
        model = trained(seed, beta=4.0, **how)
        found |= {f"MIG, {name}": mig(model.posterior(faces().scores).mean), f"error, {name}": error(model)}
    return found
