"""Conditional models: who sees the label, exactly, and what that does to the bound."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae_utils import models, objectives, training

D, d, C = 12, 3, 4
FORMS = [(), ("decoder",), ("encoder", "decoder"), ("encoder", "decoder", "prior"), ("prior",)]


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def batch():
    x = torch.rand(20, D, generator=torch.Generator().manual_seed(0))
    return x, torch.arange(20) % C


def labelled(label_in):
    return models.mlp_conditional_vae(D, d, classes=C, label_in=label_in, hidden=(16,))


def class_mean():
    model = models.mlp_class_mean_vae(D, d, classes=C, hidden=(16,))
    with torch.no_grad():
        model._means.copy_(noise(C, d))
    return model


def test_class_mean_kl_is_the_shifted_formula(batch):
    x, y = batch
    model = class_mean()
    q = model.posterior(x, y)
    expected = kl_divergence(Normal(q.mu, q.sigma), Normal(model.class_means[y], 1.0)).sum(-1)
    assert torch.allclose(objectives.kl_divergence(q, model.prior(y)), expected, rtol=1e-4)
    shifted = 0.5 * ((q.mu - model.class_means[y]) ** 2 + q.logvar.exp() - q.logvar - 1).sum(-1)
    assert torch.allclose(shifted, expected, rtol=1e-4)


def test_class_mean_networks_never_see_the_label(batch):
    x, y = batch
    model = class_mean()
    assert torch.equal(model.posterior(x, y).mu, model.posterior(x, y.flip(0)).mu)
    z = noise(20, d)
    assert torch.equal(model.likelihood(z, y).mean, model.likelihood(z, y.flip(0)).mean)
    assert not torch.equal(model.prior(y).mu, model.prior(y.flip(0)).mu)


def test_class_means_start_at_the_standard_normal():
    model = models.mlp_class_mean_vae(D, d, classes=C, hidden=(16,))
    assert torch.equal(model.prior(torch.arange(C)).mu, torch.zeros(C, d))


def test_class_means_find_separate_classes():
    y = torch.arange(400) % 2
    x = (0.9 * y.unsqueeze(1) + 0.05).expand(400, D).contiguous()
    model = models.mlp_class_mean_vae(D, 2, classes=2, hidden=(16,))
    training.fit(model, x, y, epochs=30, batch_size=50, lr=1e-2, progress=False)
    drawn = model.likelihood(model.prior(torch.tensor([0, 1])).mean).mean.mean(-1)
    assert drawn[0] < 0.2 < 0.8 < drawn[1]


@pytest.mark.parametrize("label_in", FORMS)
def test_the_label_reaches_the_named_places_and_no_other(label_in, batch):
    x, y = batch
    model, other, z = labelled(label_in), (y + 1) % C, noise(20, d)
    reached = {
        "encoder": not torch.equal(model.posterior(x, y).mu, model.posterior(x, other).mu),
        "decoder": not torch.equal(model.likelihood(z, y).mean, model.likelihood(z, other).mean),
        "prior": not torch.equal(model.prior(y).mu.expand(20, d), model.prior(other).mu.expand(20, d)),
    }
    assert {place for place, changed in reached.items() if changed} == set(label_in)


@pytest.mark.parametrize("label_in", FORMS)
def test_bound_with_one_sample_is_the_elbo_and_rises_with_k(label_in, batch):
    x, y = batch
    model = labelled(label_in)
    eps = noise(1, 20, d)
    q, p = model.posterior(x, y), model.prior(y)
    z = q.rsample(eps=eps[0])
    expected = model.likelihood(z, y).log_prob(x) + p.log_prob(z) - q.log_prob(z)
    assert torch.allclose(objectives.importance_bound(model, x, 1, y, eps=eps), expected, atol=1e-4)
    many = noise(100, 20, d)
    one_by_one = objectives.log_weights(model, x, 100, y, eps=many).mean(0)
    assert (objectives.importance_bound(model, x, 100, y, eps=many) > one_by_one).all()


def test_float_conditions_reach_the_networks():
    model = models.mlp_conditional_vae(D, d, condition_dim=2, hidden=(16,))
    z, y = noise(1, d).expand(5, d), noise(5, 2)
    assert model.likelihood(z, y).mean.shape == (5, D)
    assert not torch.equal(model.likelihood(z, y).mean[0], model.likelihood(z, y).mean[1])
    assert model.likelihood(noise(7, 5, d), y).mean.shape == (7, 5, D)


def test_a_label_saves_at_most_its_entropy(batch):
    x, y = batch
    model = labelled(("encoder", "decoder"))
    columns = [torch.full((20,), c) for c in range(C)]
    given = torch.stack([objectives.importance_bound(model, x, 50, c) for c in columns], 1)
    saved = given[torch.arange(20), y] - (given.logsumexp(1) - math.log(C))
    assert (saved <= math.log(C) + 1e-5).all()


def test_bad_labels_are_named():
    model = class_mean()
    for y, kind in ((torch.tensor([0, C]), ValueError), (torch.tensor([-1]), ValueError), (None, TypeError)):
        with pytest.raises(kind, match=r"^y: got .* expected"):
            model.prior(y)
    with pytest.raises(TypeError, match=r"^y: got .* expected"):
        labelled(("decoder",)).likelihood(noise(2, d), torch.tensor([0.0, 1.0]))
    with pytest.raises(TypeError, match=r"^y: got .* expected"):
        models.mlp_conditional_vae(D, d, condition_dim=2).likelihood(noise(2, d), torch.tensor([0, 1]))


def test_bad_construction_is_named():
    with pytest.raises(ValueError, match="classes, condition_dim"):
        models.mlp_conditional_vae(D, d)
    with pytest.raises(ValueError, match="classes, condition_dim"):
        models.mlp_conditional_vae(D, d, classes=2, condition_dim=2)
    with pytest.raises(ValueError, match=r"label_in: got .* expected"):
        models.mlp_conditional_vae(D, d, classes=2, label_in=("likelihood",))
    with pytest.raises(ValueError, match=r"label_in: got .* expected"):
        models.mlp_conditional_vae(D, d, classes=2, label_in="encoder")
    with pytest.raises(ValueError, match="prior_network"):
        parts = labelled(("decoder",))
        models.ConditionalVAE(parts.encoder, parts.decoder, parts.observation, d, classes=C, label_in=("prior",))
