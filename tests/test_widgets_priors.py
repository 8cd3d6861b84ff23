"""The two widgets of chapter 11: what they pack is what they were given, and what does not fit is refused by name."""

import numpy as np
import pytest
import torch
from refusal import refuses

from vae_utils import distributions, plots
from vae_utils.widgets import PriorWorkshop
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
    ({"activation": "gelu"}, "activation", "'gelu'", "silu, relu"),
    ({"centers": [[0, 9]]}, "centers", "9", "from -4.0 to 4.0"),
]


@pytest.mark.parametrize("changes, name, got, expected", WORKSHOPS)
def test_a_workshop_that_does_not_fit_is_refused_by_name(changes, name, got, expected):
    refuses(lambda: workshop(**changes), name, got, expected)
