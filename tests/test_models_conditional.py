"""Conditional models: who sees the label, exactly, and what that does to the bound."""

import math

import pytest
import torch
from refusal import refuses
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
        model.prior_module.in_units.copy_(noise(C, d))
    return model


def test_class_mean_kl_is_the_shifted_formula(batch):
    x, y = batch
    model = class_mean()
    q = model.posterior(x, y)
    expected = kl_divergence(Normal(q.mu, q.sigma), Normal(model.prior_module.means[y], 1.0)).sum(-1)
    assert torch.allclose(objectives.kl_divergence(q, model.prior(y)), expected, rtol=1e-4)
    shifted = 0.5 * ((q.mu - model.prior_module.means[y]) ** 2 + q.logvar.exp() - q.logvar - 1).sum(-1)
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


def test_a_step_of_adam_moves_a_class_mean_ten_times_its_learning_rate(batch):
    """Adam's first step moves every parameter with a gradient by its learning rate, and the mean is stored in tens."""
    model = class_mean()
    before = model.prior_module.means.detach().clone()
    optimizer = torch.optim.Adam([model.prior_module.in_units], lr=0.01)
    objectives.elbo(model, *batch).elbo.mean().neg().backward()
    optimizer.step()
    assert torch.allclose((model.prior_module.means - before).abs(), torch.full((C, d), 0.1), atol=1e-5)


@pytest.mark.slow
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


def test_the_prior_network_says_mean_and_logvar_side_by_side_within_bounds():
    model = labelled(("prior",))
    network = model.prior_module.network
    assert isinstance(network[0], torch.nn.Linear) and len(network) == 1
    with torch.no_grad():
        network[0].weight.zero_()
        network[0].bias.copy_(torch.tensor([1.0, 2.0, 3.0, -50.0, 0.5, 50.0]))
    p = model.prior(torch.tensor([0, 3]))
    assert p.mu.tolist() == [[1, 2, 3]] * 2 and p.logvar.tolist() == [[-20, 0.5, 20]] * 2


def test_sizes_of_the_networks():
    def sizes(network):
        return [tuple(layer.weight.shape[::-1]) for layer in network if isinstance(layer, torch.nn.Linear)]

    model = models.mlp_class_mean_vae(D, d)
    assert model.prior_module.means.shape == (10, d)
    assert sizes(model.encoder) == [(D, 400), (400, 2 * d)] and sizes(model.decoder) == [(d, 400), (400, D)]
    model = models.mlp_conditional_vae(D, d, classes=C)
    assert model.label_in == ("encoder", "decoder") and isinstance(model.prior_module, models.StandardNormal)
    assert sizes(model.encoder) == [(D + C, 400), (400, 2 * d)] and sizes(model.decoder) == [(d + C, 400), (400, D)]
    model = models.mlp_conditional_vae(D, d, condition_dim=2, label_in=("prior", "decoder"), hidden=(6, 4))
    assert sizes(model.encoder) == [(D, 6), (6, 4), (4, 2 * d)] and sizes(model.prior_module.network) == [(2, 2 * d)]
    assert sizes(model.decoder) == [(d + 2, 4), (4, 6), (6, D)]
    for build in (models.mlp_class_mean_vae, models.mlp_conditional_vae):
        gaussian = build(D, d, classes=C, hidden=(4,), likelihood="gaussian")
        assert (gaussian.likelihood(noise(2, d), torch.tensor([0, 1])).sigma == 1).all()


def test_float_conditions_reach_the_networks():
    model = models.mlp_conditional_vae(D, d, condition_dim=2, hidden=(16,))
    z, y = noise(1, d).expand(5, d), noise(5, 2)
    assert model.likelihood(z, y).mean.shape == (5, D)
    assert not torch.equal(model.likelihood(z, y).mean[0], model.likelihood(z, y).mean[1])
    assert model.likelihood(noise(7, 5, d), y).mean.shape == (7, 5, D)


def test_a_condition_may_stand_for_each_sample_or_for_each_row_of_many():
    model = models.mlp_conditional_vae(D, d, condition_dim=2, hidden=(16,))
    x, z, y = noise(7, 5, D), noise(7, 5, d), noise(7, 5, 2)
    each = torch.stack([model.likelihood(z[i], y[i]).mean for i in range(7)])
    torch.testing.assert_close(model.likelihood(z, y).mean, each)
    torch.testing.assert_close(
        model.posterior(x, y).mu, torch.stack([model.posterior(x[i], y[i]).mu for i in range(7)])
    )
    same = torch.stack([model.posterior(x[i], y[0]).mu for i in range(7)])
    torch.testing.assert_close(model.posterior(x, y[0]).mu, same)


def test_a_label_saves_at_most_its_entropy_and_all_of_it_where_x_says_nothing_else():
    """A model without z that draws each class as one picture of its own: the label is worth exactly log C nats."""
    pictures = torch.eye(C).repeat_interleave(3, dim=1) * 20 - 10  # (C, D) logits: class c lights pixels 3c to 3c + 2
    model = labelled(("decoder",))
    model.decoder, model.encoder = torch.nn.Linear(d + C, D), torch.nn.Linear(D, 2 * d)
    with torch.no_grad():
        for parameter in (*model.decoder.parameters(), *model.encoder.parameters()):
            parameter.zero_()
        model.decoder.weight[:, d:] = pictures.T
    y = torch.arange(20) % C
    x = (pictures[y] > 0).float()
    columns = [torch.full((20,), c) for c in range(C)]
    given = torch.stack([objectives.importance_bound(model, x, 5, c) for c in columns], 1)
    saved = given[torch.arange(20), y] - (given.logsumexp(1) - math.log(C))
    torch.testing.assert_close(saved, torch.full((20,), math.log(C)), atol=1e-4, rtol=0)
    confused = given[torch.arange(20), (y + 1) % C] - (given.logsumexp(1) - math.log(C))
    assert (confused < -10).all()


def test_labels_that_do_not_fit_x_are_named():
    x, z = torch.rand(5, D), noise(5, d)
    for y in (torch.zeros(5, 1), torch.zeros(5, C), torch.zeros(5)[:, None]):
        refuses(
            lambda y=y: labelled(("decoder",)).likelihood(z, y.long()), "y", str(tuple(y.shape)), "(B,)", ValueError
        )
    for model, y in (
        (labelled(("encoder", "decoder")), torch.zeros(10).long()),
        (models.mlp_conditional_vae(D, d, condition_dim=2), noise(10, 2)),
    ):
        refuses(lambda model=model, y=y: model.likelihood(z, y), "y", "10", "5", ValueError)
        refuses(lambda model=model, y=y: model.posterior(x, y), "y", "10", "5", ValueError)
    refuses(lambda: models.mlp_conditional_vae(D, d, condition_dim=2).posterior(x, noise(5)), "y", "(5,)", "(..., 2)")
    fewer, many = labelled(("decoder",)), noise(7, 5, d)
    refuses(lambda: fewer.likelihood(z, torch.zeros(4).long()), "y", "(4,)", "(5,)", ValueError)
    refuses(lambda: fewer.likelihood(many, torch.zeros(7).long()), "y", "(7,)", "(5,)", ValueError)
    refuses(lambda: fewer.likelihood(noise(d), torch.zeros(5).long()), "y", "(5,)", "()", ValueError)
    one = labelled(("encoder", "decoder")).likelihood(z, torch.tensor(1))
    assert one.batch_shape == (5,)  # a single label serves all


def test_bad_labels_are_named():
    model = class_mean()
    for y in ([0, C], [0, C + 1], [-1, 0], [-1, C]):
        got, expected = f"from {min(y)} to {max(y)}", f"0 to {C - 1}"
        refuses(lambda y=y: model.prior(torch.tensor(y)), "y", got, expected, ValueError)
    refuses(lambda: model.prior(None), "y", "NoneType", "whole-number labels", TypeError)
    refuses(lambda: model.prior(torch.tensor([0.0])), "y", "float32", "whole-number labels", TypeError)
    assert model.prior(torch.tensor([0, C - 1])).batch_shape == (2,)
    assert model.prior(torch.tensor([], dtype=torch.int64)).batch_shape == (0,)
    with pytest.raises(TypeError, match=r"^y: got .* expected"):
        labelled(("decoder",)).likelihood(noise(2, d), torch.tensor([0.0, 1.0]))
    with pytest.raises(TypeError, match=r"^y: got .* expected"):
        models.mlp_conditional_vae(D, d, condition_dim=2).likelihood(noise(2, d), torch.tensor([0, 1]))
    with pytest.raises(TypeError, match=r"^y: got NoneType, expected a float tensor"):
        models.mlp_conditional_vae(D, d, condition_dim=2).likelihood(noise(2, d))


def test_bad_construction_is_named():
    with pytest.raises(ValueError, match="classes, condition_dim"):
        models.mlp_conditional_vae(D, d)
    with pytest.raises(ValueError, match="classes, condition_dim"):
        models.mlp_conditional_vae(D, d, classes=2, condition_dim=2)
    with pytest.raises(ValueError, match=r"label_in: got .* expected"):
        models.mlp_conditional_vae(D, d, classes=2, label_in=("likelihood",))
    for wrong in ("encoder", None, 3):
        refuses(
            lambda wrong=wrong: models.mlp_conditional_vae(D, d, classes=2, label_in=wrong), "label_in", repr(wrong)
        )
    with pytest.raises(ValueError, match="prior: got NoneType, expected a module exactly when"):
        parts = labelled(("decoder",))
        models.ConditionalVAE(parts.encoder, parts.decoder, parts.observation, d, classes=C, label_in=("prior",))
    parts = labelled(("prior",))
    networks = parts.encoder, parts.decoder, parts.observation
    with pytest.raises(ValueError, match="prior: got GaussianPrior, expected a module exactly when"):
        models.ConditionalVAE(*networks, d, classes=C, prior=parts.prior_module)
    assert models.ConditionalVAE(*networks, d, classes=C).label_in == ("encoder", "decoder")
    with pytest.raises(TypeError, match="positional"):
        models.ConditionalVAE(*networks, d, C)
    for both in ({}, {"classes": C, "condition_dim": 2}):
        refuses(lambda both=both: models.ConditionalVAE(*networks, d, **both), "classes, condition_dim")
    for build in (models.mlp_class_mean_vae, models.mlp_conditional_vae):
        refuses(lambda build=build: build(D, d, classes=0), "classes", "0", ">= 1", ValueError)
    refuses(lambda: models.mlp_conditional_vae(D, d, condition_dim=0), "condition_dim", "0", ">= 1", ValueError)
