"""The playground's VAE computes what PyTorch computes, on the same weights, data and noise."""

import math
from itertools import pairwise

import javascript
import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional

from tools import assemble
from vae_utils import data, models, objectives, widgets
from vae_utils.data import digits
from vae_utils.widgets.playground import DATA, KERNELS


def mlp(sizes, activation):
    layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    hidden = [part for layer in layers[:-1] for part in (layer, activation())]
    return nn.Sequential(*hidden, layers[-1])


CASES = [
    ("gaussian", "tanh", [2, 32, 32, 4], [2, 32, 32, 2]),
    ("gaussian", "relu", [2, 32, 32, 2], [1, 32, 32, 2]),
    ("bernoulli", "tanh", [64, 64, 4], [2, 64, 64, 64]),
    ("bernoulli", "relu", [64, 64, 2], [1, 64, 64, 64]),
]


@pytest.mark.parametrize("bits", ["none", "between", "above"])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("likelihood, activation, encoder, decoder", CASES)
def test_loss_gradients_and_adam_agree_with_pytorch(likelihood, activation, encoder, decoder, kernel, bits):
    torch.manual_seed(0)
    rows, latent, beta, sigma, rate = 37, decoder[0], 1.7, 0.3, 0.01
    networks = [mlp(sizes, {"tanh": nn.Tanh, "relu": nn.ReLU}[activation]) for sizes in (encoder, decoder)]
    theta = [p for network in networks for p in network.parameters()]
    x = torch.rand(rows, encoder[0]) if likelihood == "bernoulli" else torch.randn(rows, encoder[0])
    eps = torch.randn(rows, latent)
    before = torch.cat([p.detach().flatten() for p in theta])

    heads = networks[0](x)
    q = Independent(Normal(heads[:, :latent], (0.5 * heads[:, latent:]).exp()), 1)
    out = networks[1](q.base_dist.loc + q.base_dist.scale * eps)
    p = Normal(out, sigma) if likelihood == "gaussian" else Bernoulli(logits=out, validate_args=False)
    reconstruction = Independent(p, 1).log_prob(x).mean()
    kls = kl_divergence(q.base_dist, Normal(torch.zeros(rows, latent), 1.0)).mean(0)
    kl = kls.sum()
    free = {"none": 0.0, "between": 0.9 * kls.max().item(), "above": 1.1 * kls.max().item()}[bits]
    loss = -reconstruction + beta * objectives.free_bits_kl(kls[None], free)
    loss.backward()
    gradient = torch.cat([p.grad.flatten() for p in theta])
    torch.optim.Adam(theta, lr=rate).step()

    model = {"encoder": encoder, "decoder": decoder, "likelihood": likelihood}
    model |= {"activation": activation, "kernel": kernel}
    numbers = {"theta": before.tolist(), "x": x.flatten().tolist(), "eps": eps.flatten().tolist()}
    case = {"model": model, **numbers, "beta": beta, "sigma": sigma, "rate": rate, "free": free}
    got = javascript.call("tests/js/probes.mjs", "trainOnce", case)
    for name, wanted in (("loss", loss), ("reconstruction", reconstruction), ("kl", kl)):
        assert got[name] == pytest.approx(wanted.item(), rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(got["gradient"], gradient, rtol=1e-4, atol=1e-4)
    after = torch.cat([p.detach().flatten() for p in theta])
    moved = gradient.abs() > 1e-5
    np.testing.assert_allclose(np.array(got["theta"])[moved], after[moved], atol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("likelihood, activation, encoder, decoder", CASES)
def test_the_landscape_is_the_loss_at_the_weights_of_a_plane(likelihood, activation, encoder, decoder, kernel):
    torch.manual_seed(1)
    rows, latent, beta, sigma, free, side, reach = 19, decoder[0], 1.7, 0.3, 0.2, 5, 0.8
    networks = [mlp(sizes, {"tanh": nn.Tanh, "relu": nn.ReLU}[activation]) for sizes in (encoder, decoder)]
    both = nn.ModuleList(networks)
    theta = nn.utils.parameters_to_vector(both.parameters()).detach()
    x = torch.rand(rows, encoder[0])
    eps = torch.randn(rows, latent)
    model = {"encoder": encoder, "decoder": decoder, "likelihood": likelihood}
    model |= {"activation": activation, "kernel": kernel}
    numbers = {"theta": theta.tolist(), "x": x.flatten().tolist(), "eps": eps.flatten().tolist()}
    weights = {"beta": beta, "sigma": sigma, "free": free}
    case = {"model": model, **numbers, **weights, "seed": 3, "side": side, "reach": reach}
    got = javascript.call("tests/js/probes.mjs", "surveyed", case)

    def loss():
        heads = networks[0](x)
        q = Normal(heads[:, :latent], (0.5 * heads[:, latent:].clamp(-20, 20)).exp())
        out = networks[1](q.loc + q.scale * eps)
        p = Normal(out, sigma) if likelihood == "gaussian" else Bernoulli(logits=out, validate_args=False)
        kls = kl_divergence(q, Normal(0.0, 1.0)).mean(0)
        return -p.log_prob(x).sum(1).mean() + beta * objectives.free_bits_kl(kls[None], free)

    first, second = torch.tensor(got["directions"])
    for direction in (first, second):
        for drawn, part in zip(split_like(direction, both), split_like(theta, both), strict=True):
            wanted = part.norm(dim=1) if part.dim() == 2 else torch.zeros(len(part))
            torch.testing.assert_close(drawn.norm(dim=1) if part.dim() == 2 else drawn, wanted)
    assert abs(first @ second) < 0.2 * first.norm() * second.norm()
    wanted = []
    with torch.no_grad():
        for up in torch.linspace(-reach, reach, side):
            for across in torch.linspace(-reach, reach, side):
                nn.utils.vector_to_parameters(theta + across * first + up * second, both.parameters())
                wanted.append(loss().item())
    assert got["values"] == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def split_like(vector, module):
    """The parts of a flat vector, shaped as the parameters of a module."""
    sizes = [part.numel() for part in module.parameters()]
    return [piece.view_as(part) for piece, part in zip(vector.split(sizes), module.parameters(), strict=True)]


def test_the_page_knows_the_names_of_the_data_and_the_limit_of_logvar():
    assert tuple(javascript.call("tests/js/probes.mjs", "dataNames", None)) == DATA
    assert tuple(javascript.call("tests/js/probes.mjs", "kernelNames", None)) == KERNELS
    assert javascript.call("tests/js/probes.mjs", "logvarLimit", None) == models.LOGVAR_LIMIT


def test_the_webassembly_is_what_its_text_says():
    assert assemble.MODULE.read_text(encoding="utf8") == assemble.module(assemble.TEXT.read_text(encoding="utf8"))


def causes(name, x, part):
    """The t in [0, 1) from which the page makes the points x of a shape without noise."""
    if name == "spirals":
        return ((x.norm(dim=1) - 0.12) / 0.88) ** 2
    if name == "ring":
        return part / (2 * math.pi)
    angle = torch.atan2(x[:, 1] - 0.5 * part + 0.25, x[:, 0] - part + 0.5)
    return (angle % (2 * math.pi)) / math.pi - part


MAKERS = {"spirals": data.two_spirals, "moons": data.two_moons, "ring": data.ring}


@pytest.mark.parametrize("name", MAKERS)
def test_the_shapes_of_the_page_are_those_of_the_package(name):
    x, part = MAKERS[name](200, noise=0.0)
    t = causes(name, x, part)
    piece = torch.zeros(200) if name == "ring" else part
    got = javascript.call("tests/js/probes.mjs", "shape", {"name": name, "t": t.tolist(), "part": piece.tolist()})
    assert t.min() > -1e-5 and t.max() < 1 + 1e-5
    assert (torch.tensor(got) - x).abs().max() < 1e-5


@pytest.mark.parametrize("side", [14, 28])
def test_the_enlarged_scans_of_the_page_are_those_of_the_package(side):
    x = data.load_digits_8x8().x[:30]
    pictures, centers = digits._enlarge(x)
    straight = torch.cat([(1.12 * torch.eye(2)).expand(30, 2, 2), centers.unsqueeze(2)], 2)
    grid = functional.affine_grid(straight, (30, 1, 28, 28), align_corners=False)
    wanted = functional.grid_sample(pictures, grid, align_corners=False)
    wanted = functional.adaptive_avg_pool2d(wanted, side).flatten(1)
    got = javascript.call("tests/js/probes.mjs", "enlarged", {"scans": x.tolist(), "side": side})
    assert wanted.max() > 0.9 and (torch.tensor(got) - wanted).abs().max() < 1e-5


def test_it_holds_the_real_scans():
    playground = widgets.Playground()
    assert playground.ink.shape == (1797, 64) and playground.ink.max() == 16
    assert playground.labels.shape == (1797,) and set(playground.labels) == set(range(10))


@pytest.mark.parametrize("points", [[[0, 4]], [[0, float("nan")]], [[1, 2, 3]], [[0, 0]] * 2001])
def test_points_are_checked(points):
    with pytest.raises(ValueError, match="points"):
        widgets.Playground(points=points)
