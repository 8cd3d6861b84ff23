"""Experiments on blur and its causes, as functions of a seed that return {name: number}."""

import torch
import torch.nn.functional as F
from torch import nn

from vae_utils import evaluation, models, objectives, training
from vae_utils.classifier import load_classifier
from vae_utils.randomness import seeded

from .setting import digits, fit


def gray_pixel(seed):
    coin, found = (torch.rand(1024, 1, generator=torch.Generator().manual_seed(0)) < 0.5).float(), {}
    for sigma in (1.0, 0.7, 0.3, 0.1):
        model = models.mlp_vae(1, 1, hidden=(16,), likelihood="gaussian", sigma=sigma, seed=seed)
        fit(model, coin, steps=200, lr=2e-2, seed=seed)
        found[f"σ = {sigma:g}"] = model.likelihood(model.posterior(torch.tensor([[0.0], [1.0]])).mu).mean.diff(dim=0)
    return found


def soft_means(seed):
    found, test = {}, digits(1000, train=False, side=14).x
    kinds = {
        "σ = 1": {"likelihood": "gaussian", "sigma": 1.0},
        "σ learned": {"likelihood": "gaussian", "sigma": "optimal"},
        "BCE": {"likelihood": "bernoulli"},
    }
    for name, observation in kinds.items():
        model = models.mlp_vae(196, 12, hidden=(256,), seed=seed, **observation)
        train_small(model, seed)
        codes = {"reconstructions": model.posterior(test).mu, "draws": model.prior().sample((1000,))}
        for what, z in codes.items():
            pictures = model.likelihood(z).mean.clamp(0, 1)
            found[f"{what}, {name}"] = evaluation.sharpness(pictures, test).laplacian
    return found


def small_vae(observation, seed):
    with seeded(seed):
        networks = models.mlp([196, 256, 24]), models.mlp([12, 256, 196])
        return models.VAE(*networks, observation, 12, 196)


def train_small(model, seed, **settings):
    fit(model, digits(5000, side=14).x, **{"steps": 250, "lr": 8e-3, "batch_size": 64, "seed": seed, **settings})
    return model


def rebuilt_and_drawn(model):
    test = digits(1000, train=False, side=14).x
    return model.likelihood(model.posterior(test).mean).mean.clamp(0, 1), drawn(model)


def drawn(model):
    return model.likelihood(model.prior().sample((1000,))).mean.clamp(0, 1)


def sharp(pictures):
    return evaluation.sharpness(pictures, digits(1000, train=False, side=14).x).laplacian


def enlarged(x):
    return F.interpolate(x.view(-1, 1, 14, 14), size=(28, 28), mode="bilinear").flatten(1)


def judge():
    small = digits(5000, side=14)
    return load_classifier(small._replace(x=enlarged(small.x)), epochs=3)


def judged(pictures):
    """Precision and recall of 500 pictures, held against 500 test digits."""
    real, seen = (judge().features(enlarged(x[:500])) for x in (digits(1000, train=False, side=14).x, pictures))
    return evaluation.precision_recall(real, seen)


def balance(seed):
    found = {}
    for sigma in (1.0, 0.3, 0.07):
        rebuilt, new = rebuilt_and_drawn(train_small(small_vae(models.GaussianObservation(sigma), seed), seed))
        found[f"sharpness of reconstructions, σ = {sigma:g}"] = sharp(rebuilt)
        found[f"precision of draws, σ = {sigma:g}"] = judged(new)[0]
    return found


def blur_and_recall(seed):
    chosen = torch.randperm(5000, generator=torch.Generator().manual_seed(seed))[:500]
    x, found = digits(5000, side=14).x[chosen], {}
    for share in (0.0, 0.5, 1.0):
        soft = torch.lerp(x, F.avg_pool2d(x.view(-1, 1, 14, 14), 3, 1, 1).flatten(1), share)
        found[f"sharpness, blur {share:g}"] = sharp(soft)
        found[f"recall, blur {share:g}"] = judged(soft)[1]
    return found


class Reader(nn.Module):
    """Two layers of a network that reads digits."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU())
        self.rest = models.mlp([784, 64, 10])

    def forward(self, x):
        first = self.first(x.view(-1, 1, 14, 14))
        return [first.flatten(1), self.second(first).flatten(1)]


def trained_reader(seed):
    with seeded(seed):
        reader = Reader()
    small = digits(5000, side=14)
    with training.Run(reader, small.x, small.y, epochs=2, seed=seed, progress=False, device="cpu") as run:
        optimizer = torch.optim.Adam(reader.parameters(), lr=3e-3)
        for batch in run:
            loss = F.cross_entropy(reader.rest(reader(batch.x)[-1]), batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return reader.requires_grad_(False)


def feature_loss(seed):
    observations = {
        "σ learned": (models.GaussianObservation("optimal"), 1.0),
        "features": (models.FeatureObservation(trained_reader(seed), layers=2), 3.5),
    }
    found, test = {}, digits(1000, train=False, side=14).x
    for name, (observation, beta) in observations.items():
        model = train_small(small_vae(observation, seed), seed, beta=beta)
        found[f"KL, {name}"] = evaluation.evaluate(model, test)["kl"]
        found[f"sharpness of reconstructions, {name}"] = sharp(rebuilt_and_drawn(model)[0])
    return found


def code_prior(seed):
    with seeded(seed):
        networks = models.mlp([196, 256, 96]), models.mlp([96, 256, 196])
        model = models.VQVAE(*networks, models.GaussianObservation(sigma=0.5), 12, 32, 8)
        in_order = models.AutoregressiveCodes(12, 32)
    vectors = model.vectors(digits(2000, side=14).x).detach().flatten(0, 1)
    chosen = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(seed))[:32]
    model.codebook.data.copy_(vectors[chosen])
    train_small(model, seed, objective=objectives.vq_elbo, steps=600, lr=6e-3)
    found = {"recall of draws, slots apart": judged(drawn(model))[1]}
    model.requires_grad_(False).prior_module = in_order
    how = {"steps": 200, "batch_size": 64, "seed": seed, "progress": False, "device": "cpu"}
    with training.Run(model, digits(5000, side=14).x, **how) as run:
        optimizer = torch.optim.Adam(in_order.parameters(), lr=1e-2)
        for batch in run:
            loss = -model.prior().log_prob(model.posterior(batch.x).sample()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return found | {"recall of draws, slots in order": judged(drawn(model))[1]}


def pixel_by_pixel(seed):
    with seeded(seed):
        observation = models.AutoregressiveObservation(models.WindowNetwork(12, 14, 8, hidden=32), 196, 8)
        model = models.VAE(models.mlp([196, 256, 24]), nn.Identity(), observation, 12, 196)
    train_small(model, seed, steps=300, lr=1e-2, batch_size=32)
    test = digits(1000, train=False, side=14)
    rebuilt, new = (model.likelihood(z).sample() for z in (model.posterior(test.x).mu, torch.randn(1000, 12)))
    same = judge().predict(enlarged(rebuilt)) == test.y
    precision, recall = judged(new)
    return {
        "sharpness of draws": sharp(new),
        "precision of draws": precision,
        "recall of draws": recall,
        "reconstructions read as the same digit, percent": 100 * same.double().mean(),
    }
