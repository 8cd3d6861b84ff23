"""The two widgets of chapter 11: what they pack is what they were given, and what does not fit is refused by name."""

import javascript
import numpy as np
import pytest
import torch
from refusal import refuses

from vae_utils import distributions, models, plots
from vae_utils.widgets import CodebookPainter, PriorWorkshop
from vae_utils.widgets.codebook_painter import GRU, log_probabilities
from vae_utils.widgets.parts.quantized import unpack
from vae_utils.widgets.prior_workshop import FLOW, MIXTURE, NORMAL, OWN, REACH, VAMP, log_density

SCORE = {"kl": 3.0, "elbo": -40.0, "nll": torch.tensor(39.0)}


def fitted(**changes):
    given = {"weights": torch.tensor([0.25, 0.75]), "mu": torch.tensor([[0.0, 1], [2, 3]]), "sigma": torch.ones(2, 2)}
    return {**given, **SCORE, **changes}


def workshop(changes=None, **others):
    rng = np.random.default_rng(0)
    decoder = [(rng.normal(size=(7, 2)), rng.normal(size=7)), (rng.normal(size=(9, 7)), rng.normal(size=9))]
    priors = {NORMAL: SCORE, MIXTURE: fitted(), VAMP: fitted(inputs=torch.tensor([[-1.0] * 9, [0.5] * 9]))}
    given = {
        "codes": torch.tensor([[0.0, 1], [2, 3], [5, -6]]), "labels": [0, 1, 9], "decoder": decoder,
        "priors": {**priors, **(changes or {})}, **others,
    }  # fmt: skip
    return PriorWorkshop.of(**given)


def test_a_workshop_keeps_what_it_was_given():
    w = workshop({MIXTURE: fitted(kl=2.0)})
    assert w.codes.tolist() == [[0, 1], [2, 3], [5, -6]] and w.labels.tolist() == [0, 1, 9]
    assert w.mixture.tolist() == [[0.25, 0, 1, 1, 1], [0.75, 2, 3, 1, 1]]
    assert w.inputs.tolist() == [[0] * 9, [128] * 9]  # cut to [0, 1]
    assert w.scores.tolist() == [[3, -40, 39], [2, -40, 39], [3, -40, 39], [0, 0, 0]] and w.flow.size == 0
    assert w.decoder_sizes == [2, 7, 9] and w.prior == OWN and 0 < w.rounding < 0.05
    (layers,) = unpack([w.decoder_sizes], w.weights, w.scales, w.biases)
    assert [weight.shape for weight, _ in layers] == [(7, 2), (9, 7)]


def test_the_flow_is_read_from_the_top_as_the_grid_of_the_package_gives_it():
    n = 5
    grid = plots.latent_grid(n, REACH)
    w = workshop({FLOW: {"log_density": torch.as_tensor(grid[:, 1]), **SCORE}})
    assert w.flow.shape == (n, n) and (w.flow[0] == REACH).all() and (w.flow[-1] == -REACH).all()
    assert w.scores[3].tolist() == [3, -40, 39]
    assert workshop({FLOW: {"log_density": np.full((2, 2), -np.inf), **SCORE}}).flow.max() == -60


def test_the_density_of_the_still_is_that_of_the_package():
    mu, sigma = torch.tensor([[0.0, 1], [2, 3]]), torch.tensor([[0.5, 1], [2, 0.3]])
    law = distributions.GaussianMixture(
        torch.tensor([0.25, 0.75]).log(), distributions.DiagonalGaussian(mu, 2 * sigma.log())
    )
    z = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    components = np.concatenate([[[0.25], [0.75]], mu.numpy(), sigma.numpy()], 1)
    assert np.allclose(log_density(components, z.numpy()), law.log_prob(z), atol=1e-5)


PRIORS = [
    ({"GAN": SCORE}, "priors", "GAN", "perhaps flow"),
    ({NORMAL: {"kl": 1.0, "elbo": 2.0}}, "priors: N(0, I)", "'nll'", "kl, elbo, nll"),
    ({VAMP: fitted()}, "priors: VampPrior", "'inputs'", "weights, mu, sigma, inputs"),
    ({MIXTURE: fitted(mu=np.zeros((2, 3)))}, "priors: mixture", "(2, 3)", "(K, 2)"),
    ({MIXTURE: fitted(sigma=np.zeros((2, 2)))}, "priors: mixture", "sigma from 0", "positive"),
    ({MIXTURE: fitted(weights=[0.5, 0.7])}, "priors: mixture", "sum 1.2", "sum 1"),
    ({MIXTURE: fitted(weights=[-0.5, 1.5])}, "priors: mixture", "least -0.5", "positive"),
    ({MIXTURE: fitted(kl=float("nan"))}, "scores", "NaN", "numbers"),
    ({VAMP: fitted(inputs=np.zeros((3, 9)))}, "priors: VampPrior: inputs", "(3, 9)", "2 weights"),
    ({VAMP: fitted(inputs=np.zeros((2, 8)))}, "priors: VampPrior: inputs", "(2, 8)", "a square"),
    ({FLOW: {"log_density": np.zeros((3, 2)), **SCORE}}, "priors: flow", "(3, 2)", "(n, n)"),
    ({FLOW: {"log_density": np.zeros(101**2), **SCORE}}, "priors: flow", "(10201,)", "2 to 100"),
]


@pytest.mark.parametrize("changes, name, got, expected", PRIORS)
def test_priors_that_do_not_fit_are_refused_by_name(changes, name, got, expected):
    refuses(lambda: workshop(changes), name, got, expected)


WORKSHOPS = [
    ({"codes": np.zeros((3, 3))}, "codes", "(3, 3)", "(n, 2)"),
    ({"labels": [0, 1]}, "labels", "(2,)", "3 codes"),
    ({"decoder": []}, "decoder", "[]", "of each layer"),
    ({"decoder": [(np.zeros((8, 2)), np.zeros(8))]}, "decoder", "8 outputs", "a square"),
    ({"decoder": [(np.zeros((9, 3)), np.zeros(9))]}, "decoder", "[3, 9]", "2 to 9"),
    ({"activation": "swish"}, "activation", "'swish'", "silu, relu"),
    ({"prior": FLOW}, "prior", "'flow'", "N(0, I), mixture, VampPrior, your own"),
    ({"centers": [[0, 9]]}, "centers", "9", "from -4.0 to 4.0"),
]


@pytest.mark.parametrize("changes, name, got, expected", WORKSHOPS)
def test_a_workshop_that_does_not_fit_is_refused_by_name(changes, name, got, expected):
    refuses(lambda: workshop(**changes), name, got, expected)


SLOTS, CODES, WIDTH = 3, 5, 2


def recurrent(hidden=6):
    prior = models.AutoregressiveCodes(SLOTS, CODES, hidden=hidden, width=4, seed=0)
    for weight in prior.parameters():
        weight.detach().mul_(2).add_(0.3 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    return prior


def painter(**changes):
    rng = np.random.default_rng(0)
    decoder = [(rng.normal(size=(7, SLOTS * WIDTH)), rng.normal(size=7)), (rng.normal(size=(9, 7)), rng.normal(size=9))]
    given = {
        "decoder": decoder, "codebook": torch.arange(10.0).view(CODES, WIDTH), "independent": torch.zeros(SLOTS, CODES),
        "autoregressive": recurrent().state_dict(), "codes": torch.arange(30).view(10, SLOTS) % CODES,
        "originals": torch.full((10, 9), 0.5), **changes,
    }  # fmt: skip
    return CodebookPainter.of(**given)


def gru_of(w, hidden=6):
    """The packed prior as arrays: {"embedding", "places", "layers"}."""
    nets = [w.decoder_sizes, [4, 3 * hidden], [hidden, 3 * hidden], [hidden, CODES]]
    layers = [net[0] for net in unpack(nets, w.weights, w.scales, w.biases)[1:]]
    return {"embedding": w.embedding, "places": w.places, "layers": layers}


def every_code():
    return torch.cartesian_prod(*[torch.arange(CODES)] * SLOTS)


def test_a_painter_starts_at_the_code_of_its_digit():
    w = painter()
    assert (w.cells, w.held, w.slot, w.code) == ([0, 1, 2], [0, 0, 0], 1, 0)
    assert w.codebook.tolist()[4] == [8, 9] and w.originals.tolist() == [[128] * 9] * 10
    assert w.decoder_sizes == [6, 7, 9] and w.hidden == 6 and 0 < w.rounding < 0.05 and 0 < w.rounding_nats < 0.5
    w = painter(digit="1", slot=2)
    assert (w.cells, w.code) == ([3, 4, 0], 4)
    assert painter(cells=[1, 2, 3], slot=3).code == 3


def test_the_gru_of_the_package_is_that_of_pytorch():
    prior, z = recurrent(), every_code()
    state = {name: array.numpy() for name, array in prior.state_dict().items()}
    weights = [state[name] for name in GRU]
    gru = {
        "embedding": weights[0],
        "places": weights[1],
        "layers": list(zip(weights[2::2], weights[3::2], strict=True)),
    }
    assert np.allclose(log_probabilities(gru, z.numpy()).sum(1), prior().log_prob(z).detach(), atol=1e-4)


def test_what_rounding_costs_the_nats_is_measured():
    w, prior = painter(), recurrent()
    z = torch.arange(30).view(10, SLOTS) % CODES
    rounded = log_probabilities(gru_of(w), z.numpy()).sum(1)
    assert w.rounding_nats == pytest.approx(np.abs(rounded - prior().log_prob(z).detach().numpy()).mean(), abs=1e-4)


def test_the_page_prices_a_code_as_pytorch_does():
    w, prior, z = painter(), recurrent(), every_code()
    gru = gru_of(w)
    names = [name for name in GRU if name not in ("code.weight", "slot")]
    rounded = dict(zip(names, [array for layer in gru["layers"] for array in layer], strict=True))
    prior.load_state_dict({**prior.state_dict(), **{name: torch.as_tensor(array) for name, array in rounded.items()}})
    sizes, first = [[4, 18], [6, 18], [6, CODES]], sum(w.decoder_sizes[1:])
    counts = sum(n * m for n, m in zip(w.decoder_sizes, w.decoder_sizes[1:], strict=False))
    order = {"sizes": sizes, "weights": w.weights[counts:].tolist(), "slot": 1, "codes": z.tolist()}
    order |= {"scales": w.scales[first:].tolist(), "biases": w.biases[first:].tolist()}
    order |= {"embedding": w.embedding.tolist(), "places": w.places.tolist()}
    page = javascript.call("tests/js/probes.mjs", "priced", order)
    logs = prior().log_prob(z).detach()
    assert np.allclose(-np.sum(page["nats"], 1), logs, atol=1e-3)
    given, at = torch.tensor(page["given"]), torch.arange(len(z))
    joint = logs.view(CODES, CODES, CODES).transpose(1, 2).log_softmax(-1)  # of the middle slot, given the others
    assert torch.allclose(given.log_softmax(-1)[at, z[:, 1]], joint[z[:, 0], z[:, 2], z[:, 1]].float(), atol=1e-3)


def without(name):
    return {key: value for key, value in recurrent().state_dict().items() if key != name}


PAINTERS = [
    ({"codebook": np.zeros(5)}, "codebook", "(5,)", "(codes, width)"),
    ({"codebook": np.zeros((1, 2))}, "codebook", "(1, 2)", "2 to 256"),
    ({"independent": np.zeros((3, 4))}, "independent", "(3, 4)", "(slots, 5)"),
    ({"codes": np.zeros((9, 3), int)}, "codes", "(9, 3)", "(10, 3)"),
    ({"codes": np.zeros((10, 3))}, "codes", "float64", "whole numbers"),
    ({"codes": np.full((10, 3), 5)}, "codes", "5 to 5", "0 to 4"),
    ({"codes": np.full((10, 3), -1)}, "codes", "-1 to -1", "0 to 4"),
    ({"originals": np.full((10, 9), 255)}, "originals", "255", "gray levels"),
    ({"originals": np.zeros((9, 9))}, "originals", "(9, 9)", "10 codes"),
    ({"originals": np.zeros((10, 16))}, "decoder", "[6, 7, 9]", "6 to 16"),
    ({"autoregressive": without("out.bias")}, "autoregressive", "'out.bias'", "memory.weight_ih_l0"),
    ({"autoregressive": {**recurrent().state_dict(), "slot": np.zeros((4, 4))}}, "autoregressive", "(4, 4)", "(3, 4)"),
    ({"slot": 4}, "slot", "4", "from 1 to 3"),
    ({"slot": 0}, "slot", "0", "from 1 to 3"),
    ({"cells": [0, 1]}, "cells", "2", "3 of them"),
    ({"held": [0, 1]}, "held", "2", "3 of them"),
    ({"cells": [0, 1, 5]}, "cells", "5", "from 0 to 4"),
    ({"digit": "x"}, "digit", "'x'", "0, 1"),
]


@pytest.mark.parametrize("changes, name, got, expected", PAINTERS)
def test_a_painter_that_does_not_fit_is_refused_by_name(changes, name, got, expected):
    refuses(lambda: painter(**changes), name, got, expected)
