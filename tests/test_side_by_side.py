"""The GAN and the VAE trained on the page: their gradients are PyTorch's, and they are judged as the package does."""

import math
from itertools import pairwise

import javascript
import numpy as np
import pytest
import torch
from torch import nn

from vae_utils import evaluation, models, objectives
from vae_utils.distributions import DiagonalGaussian, GaussianMixture
from vae_utils.widgets.side_by_side import DATA, LOSSES

PROBES = "tests/js/probes.mjs"
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
ROWS = 37


def network(sizes, activation):
    layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    return nn.Sequential(*[part for layer in layers[:-1] for part in (layer, ACTIVATIONS[activation]())], layers[-1])


def gan_of(activation):
    torch.manual_seed(3)
    gan = models.GAN(network([2, 9, 7, 2], activation), network([2, 8, 11, 1], activation), latent_dim=2)
    with torch.no_grad():
        for weights in gan.critic.parameters():
            weights.mul_(2)  # slopes on both sides of 1
    return gan


def critic_loss(loss, critic, real, fake):
    if loss == "Wasserstein":
        return -objectives.wasserstein_bound(critic, real, fake)
    if loss == "relativistic":
        return objectives.relativistic_loss(critic, real, fake)
    return 2 * math.log(2) - 2 * objectives.js_bound(critic, real, fake)


def generator_loss(loss, critic, real, fake):
    return {
        "non-saturating": lambda: objectives.non_saturating_loss(critic, fake),
        "saturating": lambda: objectives.saturating_loss(critic, fake),
        "Wasserstein": lambda: -critic(fake).mean(),
        "relativistic": lambda: objectives.relativistic_loss(critic, fake, real),
    }[loss]()


def penalty(loss, critic, real, fake, u, strength):
    """R1 by the package; the gradient penalty with the shares u given, and held equal to the package's formula."""
    if loss != "Wasserstein":
        return objectives.slope_penalty(critic, real, strength=strength)
    x = (u[:, None] * real + (1 - u[:, None]) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return strength * (slope.norm(dim=1) - 1).square().mean()


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def gradient(loss, parameters):
    """Of every parameter; a bias that a penalty does not know has none."""
    parts = torch.autograd.grad(loss, parameters, allow_unused=True)
    return flat([torch.zeros_like(p) if g is None else g for p, g in zip(parameters, parts, strict=True)])


def page(gan, activation, real, z, u, loss, strength):
    model = {"generator": [2, 9, 7, 2], "critic": [2, 8, 11, 1], "activation": activation}
    weights = {name: flat(getattr(gan, name).parameters()).tolist() for name in ("critic", "generator")}
    points = {"real": real.flatten().tolist(), "z": z.flatten().tolist(), "u": u.tolist()}
    return javascript.call(PROBES, "played", {"model": model, **weights, **points, "loss": loss, "strength": strength})


def agree(got, wanted):
    np.testing.assert_allclose(got, wanted.detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("strength", [0, 0.7])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_slopes_and_gradients_agree_with_pytorch(loss, activation, strength):
    gan = gan_of(activation)
    real, z, u = torch.randn(ROWS, 2), torch.randn(ROWS, 2), torch.rand(ROWS)
    got = page(gan, activation, real, z, u, loss, strength)

    fake = gan.likelihood(z).mean
    x = real.clone().requires_grad_()
    agree(got["slopes"], torch.autograd.grad(gan.criticize(x).sum(), x)[0].flatten())
    of_critic = critic_loss(loss, gan.criticize, real, fake.detach())
    of_critic = of_critic + penalty(loss, gan.criticize, real, fake.detach(), u, strength)
    agree(got["criticLoss"], of_critic)
    agree(got["criticGradient"], gradient(of_critic, list(gan.critic.parameters())))
    of_generator = generator_loss(loss, gan.criticize, real, fake)
    agree(got["generatorLoss"], of_generator)
    agree(got["generatorGradient"], gradient(of_generator, list(gan.generator.parameters())))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_bound_is_the_one_of_the_objectives(loss):
    gan = gan_of("tanh")
    real, z = torch.randn(ROWS, 2), torch.randn(ROWS, 2)
    got = page(gan, "tanh", real, z, torch.rand(ROWS), loss, 0)["bound"]
    fake = gan.likelihood(z).mean
    wanted = {
        "Wasserstein": lambda: objectives.wasserstein_bound(gan.criticize, real, fake),
        "relativistic": lambda: math.log(2) - objectives.relativistic_loss(gan.criticize, real, fake),
    }.get(loss, lambda: objectives.js_bound(gan.criticize, real, fake))()
    assert got == pytest.approx(wanted.item(), abs=1e-5)


def test_the_gradient_penalty_is_that_of_the_objectives_where_all_points_are_one():
    gan = gan_of("tanh")
    x = torch.randn(ROWS, 2)
    ours = penalty("Wasserstein", gan.criticize, x, x, torch.rand(ROWS), 0.7)
    assert ours.item() == pytest.approx(objectives.gradient_penalty(gan.criticize, x, x, strength=0.7).item(), rel=1e-5)


def test_the_page_knows_the_names():
    assert javascript.call(PROBES, "sideBySideNames", None) == {"laws": list(DATA), "losses": list(LOSSES)}


@pytest.fixture(scope="module")
def cards():
    """Samples, and what the page says of them, by the name of the law."""
    torch.manual_seed(0)
    asked = {}
    for name in DATA:
        near = torch.tensor([[0.9, 0.0]]) + 0.06 * torch.randn(400, 2)
        asked[name] = torch.cat([near, 0.8 * torch.randn(300, 2), torch.tensor([[1.0, 0.0]]).repeat(25, 1)])
    told = javascript.call(PROBES, "judged", [{"law": n, "x": x.flatten().tolist()} for n, x in asked.items()])
    return {name: (x, got) for (name, x), got in zip(asked.items(), told, strict=True)}


@pytest.mark.parametrize("name", DATA)
def test_samples_are_judged_as_the_package_does(cards, name):
    x, got = cards[name]
    centers, width = torch.tensor(got["centers"]), got["width"]
    card = evaluation.count_modes(x, centers, width)
    assert (got["found"], got["modes"]) == (card.found, name in ("ring", "grid"))
    assert got["good"] == pytest.approx(card.good) and 0 < card.good < 1
    assert got["reverseKl"] == pytest.approx(card.reverse_kl, abs=1e-4)
    bells = DiagonalGaussian(centers, torch.full(centers.shape, 2 * math.log(width)))
    exact = GaussianMixture(torch.zeros(len(centers)), bells).log_prob(x)
    assert got["nll"] == pytest.approx(-exact.mean().item(), rel=1e-4)


def test_the_ring_is_the_one_of_chapter_12(cards):
    angles = torch.arange(8) * math.pi / 4
    np.testing.assert_allclose(cards["ring"][1]["centers"], torch.stack([angles.cos(), angles.sin()], 1), atol=1e-6)
    assert cards["ring"][1]["width"] == 0.05


def vae_of(sigma):
    torch.manual_seed(1)
    vae = models.mlp_vae(2, 2, (6, 6), "gaussian", sigma="shared", activation=nn.Tanh)
    vae.observation.logvar.data.fill_(2 * math.log(sigma))
    return vae


def test_the_nll_by_importance_is_that_of_the_package():
    vae, x = vae_of(0.8), torch.randn(40, 2)
    theta = flat([*vae.encoder.parameters(), *vae.decoder.parameters()]).tolist()
    model = {"encoder": [2, 6, 6, 4], "decoder": [2, 6, 6, 2]}
    case = {"model": model, "theta": theta, "x": x.flatten().tolist(), "sigma": 0.8, "k": 2000, "seed": 5}
    wanted = -evaluation.log_likelihood(vae, x, k=2000, generator=torch.Generator().manual_seed(0)).mean().item()
    assert javascript.call(PROBES, "weighed", case) == pytest.approx(wanted, abs=0.01)


def test_the_slope_in_sigma_is_that_of_pytorch():
    vae, x = vae_of(0.3), torch.randn(40, 2)
    terms = objectives.elbo(vae, x, generator=torch.Generator().manual_seed(0))
    (slope,) = torch.autograd.grad(-terms.elbo.mean(), vae.observation.logvar)
    case = {"reconstruction": terms.reconstruction.mean().item(), "sigma": 0.3}
    assert javascript.call(PROBES, "logvarSlope", case) == pytest.approx(slope.item(), rel=1e-4)
