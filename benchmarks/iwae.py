"""What table 1 of Burda, Grosse & Salakhutdinov (2016) trains: its models, its objectives, its rows."""

import math
from typing import NamedTuple

import torch
from torch import nn

from vae_utils.data import binarize
from vae_utils.distributions import DiagonalGaussian
from vae_utils.models import VAE, BernoulliObservation, HierarchicalVAE, mlp
from vae_utils.objectives import importance_weighted, log_weights
from vae_utils.randomness import seeded

SEED = 0


def build(pixel_mean=None, seed=SEED):
    """The paper's one-layer model, 784-200-200-50 with tanh, by Glorot's initialization.

    pixel_mean: (784,) in [0, 1]; the output biases then start at its logit, clamped to +-5.
    """
    with seeded(seed):
        encoder, decoder = glorot_mlp(784, 200, 200, 100), glorot_mlp(50, 200, 200, 784)
    return starting_at(VAE(encoder, decoder, BernoulliObservation(), 50, 784), pixel_mean)


def glorot_mlp(*sizes):
    network = mlp(sizes, nn.Tanh)
    for layer in network[::2]:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return network


def starting_at(model, pixel_mean):
    if pixel_mean is not None:
        with torch.no_grad():
            model.decoder[-1].bias.copy_(torch.logit(pixel_mean, eps=1e-2).clamp(-5, 5))
    return model


def build_two_layers(pixel_mean=None, seed=SEED):
    """The paper's two-layer model: 784-200-200-100 and 100-100-100-50, and back (its figure 1 and section 5)."""
    with seeded(seed):
        encoder, decoder = glorot_mlp(784, 200, 200, 200), glorot_mlp(100, 200, 200, 784)
        up, down = glorot_mlp(100, 100, 100, 100), glorot_mlp(50, 100, 100, 200)
    model = HierarchicalVAE(encoder, decoder, BernoulliObservation(), [up], [down], (100, 50), data_dim=784)
    return starting_at(model, pixel_mean)


COUPLING = 0.8


def grow_two_layers(one):
    """A two-layer model that starts as the trained one-layer model `one`: nearly the same p(x), the same bound.

    With p(z2) = N(0, I) and p(z1 | z2) = N(c z2, 1 - c^2), the marginal p(z1) is N(0, I) again, as in `one`, and the
    exact posterior of z2 is N(c z1, 1 - c^2). The perceptrons start close to these two, with c = COUPLING; the other
    half of their hidden units, and the new units of z1, say nothing yet.
    """
    two, d = build_two_layers(), one.latent_dim
    head, entrance = two.encoder[-1], two.decoder[0]
    two.encoder[:-1].load_state_dict(one.encoder[:-1].state_dict())
    two.decoder[1:].load_state_dict(one.decoder[1:].state_dict())
    with torch.no_grad():
        head.weight.zero_(), head.bias.zero_()
        for to, start in ((0, 0), (two.sizes[0], d)):  # the means, then the logarithms of the variances
            head.weight[to : to + d] = one.encoder[-1].weight[start : start + d]
            head.bias[to : to + d] = one.encoder[-1].bias[start : start + d]
        entrance.weight *= 0.1
        entrance.weight[:, :d] = one.decoder[0].weight
        entrance.bias.copy_(one.decoder[0].bias)
        for network in (two.up[0], two.down[0]):
            start_linear(network, d, COUPLING)
    return two


def start_linear(network, d, gain, small=0.25):
    """Let a Gaussian perceptron start at mean gain * input and variance 1 - gain^2 in its first d dimensions.

    tanh(small * x) / small is close to x; the other dimensions start at N(0, 1).
    """
    first, second, last = network[::2]
    for layer, slope in ((first, small), (second, 1.0)):
        layer.weight[:d] = 0
        layer.weight[range(d), range(d)] = slope
    last.weight.zero_()
    last.weight[range(d), range(d)] = gain / small
    half = len(last.bias) // 2
    last.bias[half : half + d] = math.log(1 - gain**2)


class WithoutUnits:
    """A model whose latent units outside `active` (d,) are switched off: posterior N(0, 1), and the decoder sees 0."""

    def __init__(self, model, active):
        self.model, self.active = model, active

    def prior(self, y=None):
        return self.model.prior(y)

    def posterior(self, x, y=None):
        q = self.model.posterior(x, y)
        if not isinstance(q, DiagonalGaussian):
            raise TypeError(f"model: got a posterior {type(q).__name__}, expected a DiagonalGaussian")
        return DiagonalGaussian(q.mu * self.active, q.logvar * self.active)

    def likelihood(self, z, y=None):
        return self.model.likelihood(z * self.active, y)


def averaged_elbo(terms):
    """The ELBO from the averages over k samples that `importance_weighted` also returns."""
    return terms._replace(elbo=terms.reconstruction - terms.kl)


def resampled_bound(model, x, eps, bound=importance_weighted, weights=log_weights):
    """The importance-weighted bound of x (B, D) by eps (k, B, d), with the gradient of one z per image.

    That z is drawn in proportion to its importance weight, so the gradient is right on average, and the other k - 1
    need no backward pass (Burda et al. 2016, section 3). Returns `Terms`, each (B,), in nats.
    """
    with torch.no_grad():
        log_w = weights(model, x, len(eps), eps=eps)
        value = log_w.logsumexp(0) - math.log(len(eps))
    chosen = torch.multinomial(log_w.softmax(0).T, 1).T  # (1, B)
    terms = bound(model, x, k=1, eps=eps.gather(0, chosen.unsqueeze(-1).expand(-1, -1, eps.shape[-1])))
    return terms._replace(elbo=terms.elbo + (value - terms.elbo).detach())


def objective(kind, k, compiled=False):
    """An objective for `fit` on grey x (B, 784), which it binarizes anew at every step.

    "elbo": the ELBO, averaged over k samples of z.   "importance": the importance-weighted bound L_k.
    "resampled": L_k again, by `resampled_bound`.   compiled: through torch.compile.
    """
    if kind not in ("elbo", "importance", "resampled"):
        raise ValueError(f"kind: got {kind!r}, expected 'elbo', 'importance' or 'resampled'")
    bound, weights = importance_weighted, log_weights
    if compiled:
        bound, weights = torch.compile(bound), torch.compile(weights)

    def terms(model, x, y=None, beta=1.0):
        x, eps = binarize(x), torch.randn(k, len(x), model.latent_dim, device=x.device)
        if kind == "resampled":
            return resampled_bound(model, x, eps, bound, weights)
        dense = bound(model, x, k=k, eps=eps)
        return averaged_elbo(dense) if kind == "elbo" else dense

    return terms


class MuonAndAdam(torch.optim.Optimizer):
    """Muon for the weight matrices, Adam for the rest, at one learning rate.

    Muon steps by the orthogonal matrix nearest to the averaged gradient (Jordan et al. 2024), so that directions
    with small gradients are not left behind. A step has the size that Adam's would have (Liu et al. 2025).
    """

    def __init__(self, parameters, lr):
        parameters = list(parameters)
        super().__init__(parameters, {"lr": lr})
        matrices, rest = [p for p in parameters if p.ndim == 2], [p for p in parameters if p.ndim != 2]
        muon = torch.optim.Muon(matrices, lr=lr, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
        self.parts = (muon, torch.optim.Adam(rest, lr=lr))

    def state_dict(self):
        return {"lr": self.param_groups[0]["lr"], "parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state):
        self.param_groups[0]["lr"] = state["lr"]
        for part, kept in zip(self.parts, state["parts"], strict=True):
            part.load_state_dict(kept)

    def step(self, closure=None):
        for part in self.parts:
            part.param_groups[0]["lr"] = self.param_groups[0]["lr"]
            part.step()


OPTIMIZERS = {"adam": None, "muon": MuonAndAdam}


class Stage(NamedTuple):
    """objective: a name that `objective` knows, with k samples of z.  lr: the peak of the one-cycle schedule."""

    objective: str
    k: int
    epochs: float
    lr: float
    optimizer: str = "adam"


class Row(NamedTuple):
    """A row of the table: the NLL that the paper reports, where it starts, its own stages, its model.

    start: another row and how many of its own stages, or None for new weights.  grow: from that row's model to one
    of this row's kind, where the two differ.  settle: called with a new model and the training images.
    beside: the row whose images and samples it is compared with.
    """

    title: str
    paper: float
    start: tuple[str, int] | None
    stages: tuple[Stage, ...]
    model: callable = build
    grow: callable = None
    settle: callable = None
    beside: str = None


ROWS = {
    "vae-1": Row("VAE, k = 1", 86.76, None, (Stage("elbo", 1, 1200, 3e-3),)),
    "vae-50": Row(
        "VAE, k = 50", 86.35, ("vae-1", 1),
        (Stage("elbo", 5, 300, 3e-3), Stage("elbo", 50, 8, 5e-4), Stage("elbo", 5, 150, 2e-3, "muon")),
    ),
    "iwae-5": Row(
        "IWAE, k = 5", 85.54, None,
        (*2 * [Stage("importance", 5, 600, 3e-3)], Stage("importance", 5, 150, 2e-3, "muon")),
    ),
    "iwae-50": Row(
        "IWAE, k = 50", 84.78, ("iwae-5", 2),
        (Stage("resampled", 50, 100, 2e-3), Stage("resampled", 50, 220, 2e-3, "muon")),
    ),
    "iwae-50-two-layers": Row(
        "IWAE, k = 50, two layers", 82.90, ("iwae-5", 3),
        (
            Stage("importance", 5, 120, 2e-3, "muon"), Stage("resampled", 50, 45, 1.5e-3, "muon"),
            Stage("resampled", 50, 130, 1.5e-3, "muon"),  # at twice the rate its bound ends 0.4 nats lower
        ),
        build_two_layers, grow_two_layers,
    ),
}  # fmt: skip
