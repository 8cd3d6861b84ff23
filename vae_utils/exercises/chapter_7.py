"""The exercises of chapter 7."""

import math

import torch

from .. import models
from ..distributions import DiagonalGaussian
from ..objectives import Terms, elbo, kl_divergence
from ..randomness import seeded
from . import Function, Judged, Numbers

NOISE = math.sqrt(math.sqrt(1.5) - 1)  # the gap 1 / (2 u (2 + u)) is one at u = s^2


def most_saved(probabilities):
    return torch.distributions.Categorical(probabilities).entropy()


def class_probabilities():
    return [(torch.tensor([0.7, 0.2, 0.1]),), (torch.full((10,), 0.1),), (torch.tensor([0.95, 0.05]),)]


def class_kl(mu, logvar, y, class_means, class_logvar):
    q, p = DiagonalGaussian(mu, logvar), DiagonalGaussian(class_means[y], class_logvar[y])
    return kl_divergence(q, p)


def class_tables():
    """As many rows as classes, so that a table without its label fits, too."""
    found, generator = [], torch.Generator().manual_seed(0)
    for classes, d in ((5, 3), (8, 4)):
        mu, logvar, means, spreads = torch.randn(4, classes, d, generator=generator)
        y = torch.randint(classes - 1, (classes,), generator=generator)
        found.append((mu, logvar, y, means, spreads))
    return found


def reversed_kl(mu, logvar, y, class_means, class_logvar):
    return kl_divergence(DiagonalGaussian(class_means[y], class_logvar[y]), DiagonalGaussian(mu, logvar))


def unit_kl(mu, logvar, y, class_means, class_logvar):
    return class_kl(mu, logvar, y, class_means, 0 * class_logvar)


def without_lookup(mu, logvar, y, class_means, class_logvar):
    return class_kl(mu, logvar, torch.arange(len(y)), class_means, class_logvar)


def undivided(mu, logvar, y, class_means, class_logvar):
    m, s = class_means[y], class_logvar[y]
    return 0.5 * (s - logvar - 1 + logvar.exp() / s.exp() + (mu - m) ** 2).sum(-1)


def labelled(label_in):
    """A small model of p(x | y), and many copies of a few rows: averages over them are nearly exact."""
    size = {"classes": 3, "label_in": label_in, "hidden": (6,), "likelihood": "gaussian", "sigma": 0.7, "seed": 1}
    model = models.mlp_conditional_vae(4, 2, **size)
    with seeded(2), torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.6 * torch.randn_like(weight))
        x, y = torch.randn(4, 4).repeat(4000, 1), torch.tensor([0, 1, 2, 1]).repeat(4000)
    return model, x, y


def ends(model, x, y, beta):
    """The two ends of the mixture, averaged: the bound, and log p(x | z, y) with z from the prior; KL; from q."""
    with seeded(3), torch.no_grad():
        terms, prior = elbo(model, x, y, beta=beta), model.prior(y)
        z = prior.sample((len(x),) if prior.batch_shape == () else ())
        asked = model.likelihood(z, y).log_prob(x).mean().item()
    return terms.elbo.mean().item(), asked, terms.kl.mean().item(), terms.reconstruction.mean().item()


def of_the_mixture(hybrid, model, x, y):
    """What is wrong with the values, or None."""
    for alpha, beta in ((1.0, 1.0), (0.0, 1.0), (0.3, 1.0), (0.3, 2.0)):
        bound, asked, _, rebuilt = ends(model, x, y, beta)
        with seeded(4), torch.no_grad():
            got = hybrid(model, x, y, beta=beta, alpha=alpha)
        if got is None:
            return "your function returns nothing: is the `return` missing?"
        if not isinstance(got, Terms) or not torch.is_tensor(got.elbo) or got.elbo.shape != y.shape:
            return "expected objectives.Terms whose elbo has one number per example, (B,)"
        value, right = got.elbo.mean().item(), alpha * bound + (1 - alpha) * asked
        if abs(value - right) > 0.02 * abs(right):
            words = f"at alpha = {alpha:g}, beta = {beta:g} the mean of elbo is {value:.2f}, right is {right:.2f}"
            return f"{words}{_mistake(value, alpha, bound, asked, rebuilt, ends(model, x, y, 1.0)[0])}"


def _mistake(value, alpha, bound, asked, rebuilt, unweighted):
    near = {
        ": the two weights are exchanged": (1 - alpha) * bound + alpha * asked,
        ": the second z still comes from q": alpha * bound + (1 - alpha) * rebuilt,
        ": beta is not used": alpha * unweighted + (1 - alpha) * asked,
        ": the first term lacks its KL": alpha * rebuilt + (1 - alpha) * asked,
        ": the two terms are not weighted": bound + asked,
    }
    return next((text for text, wrong in near.items() if abs(value - wrong) <= 0.02 * abs(wrong)), "")


def of_the_parts(hybrid, model, x, y):
    """What is wrong with the named parts, or None."""
    _, _, kl, reconstruction = ends(model, x, y, 1.0)
    with seeded(5), torch.no_grad():
        terms = hybrid(model, x, y, alpha=0.5)
    for name, right in (("kl", kl), ("reconstruction", reconstruction)):
        part = getattr(terms, name)
        if not torch.is_tensor(part) or part.shape != y.shape or abs(part.mean().item() - right) > 0.02 * abs(right):
            return f"{name} is not that of the bound: (B,), here {right:.2f} on average"


def of_the_gradients(hybrid, model, x, y):
    """Whether training would reach both networks that z is drawn with."""
    x, y = x[:8], y[:8]
    through = [("encoder", hybrid(model, x, y, alpha=1.0).reconstruction, model.encoder)]
    if "prior" in model.label_in:
        through.append(("prior", hybrid(model, x, y, alpha=0.0).elbo, model.prior_module))
    for name, value, network in through:
        reached = torch.autograd.grad(value.sum(), [*network.parameters()], allow_unused=True)
        if all(each is None or not each.any() for each in reached):
            return f"no gradient reaches the {name} through its z: rsample in place of sample"


def judge_hybrid(hybrid):
    for label_in in (("encoder", "decoder", "prior"), ("encoder", "decoder")):
        case = labelled(label_in)
        for look in (of_the_mixture, of_the_parts, of_the_gradients):
            if problem := look(hybrid, *case):
                return problem


EXERCISES = {
    "7.1": Numbers(
        "one nat",
        {"the noise": NOISE},
        hint="with u = s^2 the gap is 1 / (2 u (2 + u))",
        slips={
            "that is s squared": (NOISE**2,),
            "is Var(y | x) missing?": (math.sqrt((math.sqrt(3) - 1) / 2),),
            "the other root has no meaning: s squared is positive": (-math.sqrt(1.5) - 1,),
        },
    ),
    "7.2": Function(
        "the worth of a label",
        most_saved,
        class_probabilities,
        hint="the average of -log p(y), each y as often as it comes",
        slips={
            "that is the most that a single label can save; the average is asked": lambda p: -p.min().log(),
            "log C is right for equally frequent classes only": lambda p: torch.tensor(float(len(p))).log(),
            "each class counts as often as it comes": lambda p: -p.log().mean(),
            "a sum without the probabilities in front": lambda p: -p.log().sum(),
        },
    ),
    "7.3": Function(
        "KL to the class's own Gaussian",
        class_kl,
        class_tables,
        hint="class_means[y] has shape (B, d)",
        slips={
            "look the label up: class_means[y], class_logvar[y]": without_lookup,
            "the KL is turned around: KL(q || p) has its average under q": reversed_kl,
            "the prior's own variance is not used": unit_kl,
            "the squared distance is not divided by the prior's variance": undivided,
        },
    ),
    "7.4": Judged("train as you mean to ask", judge_hybrid, hint="two rsamples of z, two log-likelihoods of one x"),
}
