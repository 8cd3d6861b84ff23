"""Widget: the codes of a 2-D VAE under the priors that were fitted to them, and under one made by hand."""

from typing import ClassVar

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers, Whole
from .parts.host import Widget
from .parts.packing import as_array, gray_levels, one_for_each
from .parts.quantized import ACTIVATIONS, flat, layers_of, rounding_error

REACH = 4.0  # the map shows z in [-REACH, REACH]^2
NORMAL, MIXTURE, VAMP, FLOW, OWN = PRIORS = ("N(0, I)", "mixture", "VampPrior", "flow", "your own")
SCORES = ("kl", "elbo", "nll")
START = [[-1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [-1.0, -1.0], [1.0, -1.0]]


class PriorWorkshop(Widget):
    """See which prior fits the codes of a VAE with a 2-D latent space, draw from it, and build one by hand.

    prior: the one that is shown.   centers, width: the reader's own mixture, Gaussians of equal weight and one width.
    component: which component of the mixture or the VampPrior is picked out, from 1.   draw: the seed of the draws.

    `PriorWorkshop.of(codes, labels, decoder, priors)` packs what was trained; `priors` is a dict by name,

        {"N(0, I)":   {"kl": 3.1, "elbo": -46.7, "nll": 46.0},
         "mixture":   {"weights": w, "mu": mu, "sigma": sigma, "kl": ..., "elbo": ..., "nll": ...},
         "VampPrior": {"weights": w, "mu": mu, "sigma": sigma, "inputs": u, "kl": ..., "elbo": ..., "nll": ...},
         "flow":      {"log_density": log_p, "kl": ..., "elbo": ..., "nll": ...}}          # this one may be left out

    with w (K,) of sum 1; mu, sigma (K, 2), of a VampPrior those of the posteriors of its pseudo-inputs u (K, D); log_p
    (n * n,) or (n, n), nats, at `plots.latent_grid(n, REACH)`, n at most 100; and kl, elbo, nll as the chapter has
    measured them, in nats per example.
    """

    module = "prior_workshop"
    sentence = "The codes of a VAE with a two-dimensional latent space, and the priors that were fitted to them."
    constants: ClassVar[dict] = {"reach": REACH, "priors": PRIORS}

    prior = Choice(OWN, PRIORS)
    centers = Numbers(START, (None, 2), -REACH, REACH, most=8)
    width = Number(0.6, 0.1, 2)
    component = Whole(1, 1, 1000)
    draw = Whole(1, 1, 1_000_000)
    activation = Choice("silu", tuple(ACTIVATIONS))
    decoder_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))  # layer by layer, row by row
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))
    rounding = Number(0.0, 0, 1)
    codes = Array("float32", (None, 2))
    labels = Array("uint8", (None,), high=9)
    mixture = Array("float32", (None, 5))  # weight, mu, sigma of each component
    vamp = Array("float32", (None, 5))
    inputs = Array("uint8", (None, None))  # the pseudo-inputs
    flow = Array("float32", (None, None))  # its log density on a grid; of size 0 where there is none
    scores = Array("float32", (4, 3))  # of each prior but the reader's: KL, ELBO, NLL

    @classmethod
    def of(cls, codes, labels, decoder, priors, activation="silu", **values):
        """Pack a model and its priors.

        codes: (n, 2), ONE DRAW z ~ q(z | x) for each of n test digits, not their means: n of 500 to 1,000.
        labels: (n,).   decoder: list of (weight (outputs, inputs), bias (outputs,)) of its layers, 2 -> ... -> D
        logits, D a square.   priors: see above.   Pseudo-inputs may leave [0, 1]; they are shown cut to it.
        Raises ValueError when a name is missing or unknown, or when a shape does not fit.
        """
        codes = as_array(codes)
        layers, sizes = layers_of("decoder", decoder, (2, _pixels(decoder)))
        _check(priors)
        if values.get("prior") == FLOW and FLOW not in priors:
            raise ValueError(f"prior: got {FLOW!r}, expected one of those given: {', '.join(priors)}, {OWN}")
        z = np.stack(np.meshgrid(*[np.linspace(-REACH, REACH, 21)] * 2), -1).reshape(-1, 2)
        inputs = np.clip(as_array(priors[VAMP]["inputs"]).astype(float), 0, 1)
        one_for_each(inputs, "priors: VampPrior: inputs", len(as_array(priors[VAMP]["weights"])), "weights")
        return cls(
            decoder_sizes=sizes, activation=activation, rounding=rounding_error(layers, z, activation),
            **flat(layers), codes=codes, labels=one_for_each(labels, "labels", len(codes), "codes"),
            mixture=_components(MIXTURE, priors), vamp=_components(VAMP, priors), flow=_grid(priors),
            inputs=gray_levels(inputs, "priors: VampPrior: inputs"), scores=_scores(priors), **values,
        )  # fmt: skip

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        side = 60
        grid = plots.latent_grid(side, REACH)
        axes = (figure := Figure(figsize=(4, 4))).subplots()
        plots.latent_scatter(self.codes, self.labels, ax=axes, limit=REACH, label=False)
        heights = log_density(self.mixture, grid).reshape(side, side)[::-1]
        steps = np.linspace(-REACH, REACH, side)
        axes.contour(steps, steps, heights, np.log([0.001, 0.01, 0.1]), colors=plots.COLORS["prior"], linestyles="-")
        return plots.show(figure, alt="Codes by class, and lines of equal density of the fitted mixture.").svg

    @classmethod
    def example(cls, seed=0):
        """Codes in three heaps, and a small untrained decoder, for tests of the widget."""
        rng = np.random.default_rng(seed)
        heaps = np.array([[-1.5, 0.0], [1.2, 1.2], [1.0, -1.5]])
        labels = np.arange(240) % 3
        codes = heaps[labels] + 0.3 * rng.normal(size=(240, 2))
        first, second = rng.normal(size=(12, 2)), rng.normal(size=(36, 12))
        fitted = {"weights": [0.3, 0.4, 0.3], "mu": heaps, "sigma": np.full((3, 2), 0.3)}
        score = {"kl": 3.0, "elbo": -20.0, "nll": 19.0}
        better = {"kl": 2.0, "elbo": -19.0, "nll": 18.5}
        edges = np.linspace(-REACH, REACH, 21)
        log_p = -np.abs(np.add.outer(-edges, 0 * edges) - 0.5) - np.abs(edges) - 2 * np.log(2)
        priors = {
            NORMAL: score, MIXTURE: {**fitted, **better},
            VAMP: {**fitted, "inputs": rng.random((3, 36)), **better}, FLOW: {"log_density": log_p, **better},
        }  # fmt: skip
        return cls.of(codes, labels, [(first, rng.normal(size=12)), (second, rng.normal(size=36))], priors)


def log_density(components, z):
    """log sum_k w_k N(z; mu_k, diag sigma_k^2), nats: components (K, 5), z (n, 2) -> (n,)."""
    weight, mu, sigma = np.split(np.asarray(components, float), [1, 3], axis=1)
    apart = ((z[:, None] - mu) / sigma) ** 2
    terms = np.log(weight[:, 0]) - 0.5 * apart.sum(-1) - np.log(2 * np.pi * sigma.prod(1))
    most = terms.max(1)
    return most + np.log(np.exp(terms - most[:, None]).sum(1))


def _pixels(decoder):
    pixels = len(as_array(list(decoder)[-1][1])) if list(decoder) else 1
    if int(np.sqrt(pixels)) ** 2 != pixels:
        raise ValueError(f"decoder: got {pixels} outputs, expected the pixels of a square picture")
    return pixels


def _check(priors):
    needed, words = {NORMAL, MIXTURE, VAMP}, f"{NORMAL}, {MIXTURE}, {VAMP} and perhaps {FLOW}"
    if not needed <= set(priors) <= {*needed, FLOW}:
        raise ValueError(f"priors: got {', '.join(priors)}, expected {words}")
    lists = {NORMAL: (), MIXTURE: ("weights", "mu", "sigma"), FLOW: ("log_density",)}
    lists[VAMP] = (*lists[MIXTURE], "inputs")
    for name, given in priors.items():
        keys = (*lists[name], *SCORES)
        if lacking := [key for key in keys if key not in given]:
            raise ValueError(f"priors: {name}: got a dict without {lacking[0]!r}, expected {', '.join(keys)}")


def _components(name, priors):
    """weights (K,), mu and sigma (K, 2) as one array (K, 5)."""
    weights, mu, sigma = (as_array(priors[name][key]).astype(float) for key in ("weights", "mu", "sigma"))
    shapes = weights.shape, mu.shape, sigma.shape
    if weights.ndim != 1 or shapes[1:] != ((len(weights), 2),) * 2:
        raise ValueError(f"priors: {name}: got shapes {shapes}, expected (K,), (K, 2) and (K, 2)")
    if not (sigma > 0).all() or not (weights > 0).all() or abs(weights.sum() - 1) > 1e-3:
        got = f"weights of sum {weights.sum():g}, the least {weights.min():g}, and sigma from {sigma.min():g}"
        raise ValueError(f"priors: {name}: got {got}, expected positive numbers, the weights of sum 1")
    return np.concatenate([weights[:, None], mu, sigma], 1)


def _grid(priors):
    if FLOW not in priors:
        return np.zeros((0, 0))
    logs = as_array(priors[FLOW]["log_density"]).astype(float)
    side = round(np.sqrt(logs.size))
    if side * side != logs.size or not 2 <= side <= 100 or logs.ndim > 2:
        raise ValueError(f"priors: {FLOW}: got log_density of shape {logs.shape}, expected (n, n), n from 2 to 100")
    return np.maximum(logs.reshape(side, side), -60.0)


def _scores(priors):
    """KL, ELBO and NLL of the first four of PRIORS, zeros where a flow is missing."""
    empty = dict.fromkeys(SCORES, 0.0)
    return np.array([[float(priors.get(name, empty)[key]) for key in SCORES] for name in PRIORS[:4]])
