"""Chapter 11: right answers pass, wrong ones are told what they are."""

import math

import torch
from judged import judged
from torch import distributions as td

from vae_utils.exercises.chapter_11 import EXERCISES


def log_parts(z, mu, logvar, scale=None):
    """(B, K), by torch's own Gaussian."""
    sigma = torch.exp(0.5 * logvar) if scale is None else scale(logvar)
    return td.Normal(mu, sigma).log_prob(z[:, None]).sum(-1)


def by_torch(z, logits, mu, logvar):
    components = td.Independent(td.Normal(mu, torch.exp(0.5 * logvar)), 1)
    return td.MixtureSameFamily(td.Categorical(logits=logits), components).log_prob(z)


def by_loop(z, logits, mu, logvar):
    found = torch.full((len(z),), -math.inf)
    for k in range(len(logits)):
        log_w = logits[k] - logits.logsumexp(0)
        square = (z - mu[k]) ** 2 / logvar[k].exp()
        found = torch.logaddexp(found, log_w - 0.5 * (square + logvar[k] + math.log(2 * math.pi)).sum(1))
    return found


def without_constant(z, logits, mu, logvar):
    return by_torch(z, logits, mu, logvar) + 0.5 * z.shape[1] * math.log(2 * math.pi)


def weighted(logits, parts):
    return (logits.log_softmax(0) + parts).logsumexp(1)


def by_kl(prior_logvar, delta_mu, delta_logvar):
    sigma = torch.exp(0.5 * prior_logvar)
    q = td.Normal(7 + delta_mu, sigma * torch.exp(0.5 * delta_logvar))
    return td.kl_divergence(q, td.Normal(7.0, sigma)).sum(1)


def cost(square, spread, delta):
    return 0.5 * (square + spread - delta - 1).sum(1)


def step(v, c, commitment, through=None, pulls=None, z=None):
    """A right answer, but for the parts that are given as functions of the vectors and the chosen codes."""
    found = (v[:, :, None] - c).square().sum(-1).argmin(-1)
    chosen = c[found]
    right_through = v + (chosen - v).detach()
    right_pulls = ((chosen - v.detach()) ** 2 + commitment * (v - chosen.detach()) ** 2).sum((1, 2))
    return (
        found if z is None else z(found),
        right_through if through is None else through(v, chosen),
        right_pulls if pulls is None else pulls(v, chosen, commitment),
    )


def with_parts(**parts):
    return lambda v, c, commitment: step(v, c, commitment, **parts)


def with_pulls(pulls):
    return with_parts(pulls=pulls)


def squares(a, b):
    return ((a - b) ** 2).sum((1, 2))


def still(v, chosen):
    """No pull at all, only its value."""
    return squares(v, chosen).detach()


def swapped(v, chosen, w):
    return squares(v, chosen.detach()) + w * squares(v.detach(), chosen)


RIGHT = [
    ("11.1", by_torch),
    ("11.1", by_loop),
    ("11.1", lambda z, logits, mu, logvar: weighted(logits, log_parts(z, mu, logvar)).double().numpy()),
    ("11.3", 2 * math.log(4), 1.64, 1.21),
    ("11.3", torch.tensor(2.7726), 1.6359, 1.2130),
    ("11.2", by_kl),
    ("11.2", lambda lv, m, d: cost((m / torch.exp(0.5 * lv)) ** 2, d.exp(), d)),
    ("11.4", step),
    ("11.4", with_parts(through=lambda v, chosen: chosen.detach() + v - v.detach())),
    ("11.4", lambda v, c, commitment: list(step(v, c, commitment))),
]
WRONG = [
    ("average of the log-densities", "11.1", lambda z, w, mu, lv: (w.softmax(0) * log_parts(z, mu, lv)).sum(1)),
    ("every component counts alike", "11.1", lambda z, w, mu, lv: by_torch(z, 0 * w, mu, lv)),
    ("the weights are missing", "11.1", lambda z, w, mu, lv: log_parts(z, mu, lv).logsumexp(1)),
    ("no log-probabilities yet", "11.1", lambda z, w, mu, lv: (w + log_parts(z, mu, lv)).logsumexp(1)),
    ("added as probabilities", "11.1", lambda z, w, mu, lv: (w.softmax(0) + log_parts(z, mu, lv)).logsumexp(1)),
    ("0 on a computer", "11.1", lambda z, w, mu, lv: (w.softmax(0) * log_parts(z, mu, lv).exp()).sum(1).log()),
    ("most probable component alone", "11.1", lambda z, w, mu, lv: (w.log_softmax(0) + log_parts(z, mu, lv)).amax(1)),
    ("lacks its ½ log 2π", "11.1", without_constant),
    ("sigma its root", "11.1", lambda z, w, mu, lv: weighted(w, log_parts(z, mu, lv, torch.exp))),
    ("not use logits", "11.1", lambda z, w, mu, lv: by_torch(z, torch.arange(len(w)).float(), mu, lv)),
    ("the sign is turned", "11.1", lambda z, w, mu, lv: -by_torch(z, w, mu, lv)),
    ("the batch is averaged too", "11.1", lambda z, w, mu, lv: by_torch(z, w, mu, lv).mean()),
    ("is the `return` missing", "11.1", lambda z, w, mu, lv: [].append(z)),
    ("the cost of one slot", "11.3", math.log(4), 1.64, 1.21),
    ("how many codes there are", "11.3", 16, 1.64, 1.21),
    ("log2", "11.3", 4, 1.64, 1.21),
    ("which codes are used", "11.3", math.log(6), 1.64, 1.21),
    ("rows, not codes", "11.3", math.log(8), 1.64, 1.21),
    ("the sign is turned", "11.3", -2.7726, 1.64, 1.21),
    ("the first slot alone", "11.3", 2.7726, 0.9743, 1.21),
    ("the second slot alone", "11.3", 2.7726, 0.6616, 1.21),
    ("knows the first", "11.3", 2.7726, 1.2130, 1.2130),
    ("log2", "11.3", 2.7726, 2.3601, 1.21),
    ("the first costs something, too", "11.3", 2.7726, 1.64, 0.2387),
    ("what independent slots cost", "11.3", 2.7726, 1.64, 1.6359),
    ("q is certain", "11.3", 0, 0, 0),
    ("in variances of the prior", "11.2", lambda lv, m, d: cost(m**2, d.exp(), d)),
    ("not of the posterior", "11.2", lambda lv, m, d: cost(m**2 / (lv + d).exp(), d.exp(), d)),
    ("divided by the standard deviation", "11.2", lambda lv, m, d: cost(m**2 / (0.5 * lv).exp(), d.exp(), d)),
    ("in place of divided", "11.2", lambda lv, m, d: cost(m**2 * lv.exp(), d.exp(), d)),
    ("not yet squared", "11.2", lambda lv, m, d: cost(m / lv.exp(), d.exp(), d)),
    ("the KL to N(0, I)", "11.2", lambda lv, m, d: cost(m**2, (lv + d).exp(), lv + d)),
    ("the prior's own cancels", "11.2", lambda lv, m, d: cost(m**2 / lv.exp(), (lv + d).exp(), lv + d)),
    ("the other way round", "11.2", lambda lv, m, d: cost(m**2 / (lv + d).exp(), (-d).exp(), -d)),
    ("what delta_mu costs is missing", "11.2", lambda lv, m, d: cost(0 * m, d.exp(), d)),
    ("what delta_logvar costs is missing", "11.2", lambda lv, m, d: cost(m**2 / lv.exp(), 1.0, 0.0)),
    ("twice what it should be", "11.2", lambda lv, m, d: 2 * by_kl(lv, m, d)),
    ("a mean in place of a sum", "11.2", lambda lv, m, d: by_kl(lv, m, d) / m.shape[1]),
    ("is the `return` missing", "11.4", lambda v, c, commitment: [].append(v)),
    ("expected three tensors", "11.4", lambda v, c, commitment: step(v, c, commitment)[:2]),
    ("expected three tensors", "11.4", lambda v, c, commitment: v),
    ("z is floats", "11.4", with_parts(z=lambda z: z.float())),
    ("z is shape", "11.4", with_parts(z=lambda z: z.flatten())),
    ("is the nearest", "11.4", with_parts(z=lambda z: z * 0)),
    ("is the nearest", "11.4", with_parts(z=lambda z: z.flip(0))),
    ("through is shape", "11.4", with_parts(through=lambda v, chosen: chosen.flatten(1))),
    ("the vectors as they were", "11.4", with_parts(through=lambda v, chosen: v)),
    ("its values differ", "11.4", with_parts(through=lambda v, chosen: 2 * chosen)),
    ("no gradient of through", "11.4", with_parts(through=lambda v, chosen: chosen.detach())),
    ("no gradient of through", "11.4", with_parts(through=lambda v, chosen: v + (chosen - v))),
    ("not the whole gradient", "11.4", with_parts(through=lambda v, chosen: chosen.detach() + (v - v.detach()) / 2)),
    ("to the codebook, too", "11.4", with_parts(through=lambda v, chosen: chosen + v - v.detach())),
    ("not over the batch", "11.4", with_pulls(lambda v, c, w: (1 + w) * squares(v, c).sum())),
    ("not over the batch", "11.4", with_pulls(lambda v, c, w: (1 + w) * ((v - c) ** 2).sum(-1))),
    ("a mean in place", "11.4", with_pulls(lambda v, c, w: (1 + w) * ((v - c) ** 2).mean((1, 2)))),
    ("over the width", "11.4", with_pulls(lambda v, c, w: (1 + w) * ((v - c) ** 2).mean(2).sum(1))),
    ("the one that commitment weighs", "11.4", with_pulls(lambda v, c, w: squares(v, c))),
    ("the one that moves the codes", "11.4", with_pulls(lambda v, c, w: w * squares(v, c))),
    ("one of the two pulls, not both", "11.4", with_pulls(lambda v, c, w: 2 * w * squares(v, c))),
    ("commitment is not used", "11.4", with_pulls(lambda v, c, w: 2 * squares(v, c))),
    ("a pull is a cost", "11.4", with_pulls(lambda v, c, w: -(1 + w) * squares(v, c))),
    ("not yet squared", "11.4", with_pulls(lambda v, c, w: (1 + w) * (v - c).norm(dim=2).sum(1))),
    ("right is", "11.4", with_pulls(lambda v, c, w: 5 * squares(v, c))),
    ("at the wrong pull", "11.4", with_pulls(swapped)),
    ("moves both sides", "11.4", with_pulls(lambda v, c, w: (1 + w) * squares(v, c))),
    ("no pull moves the vectors", "11.4", with_pulls(lambda v, c, w: squares(v.detach(), c) + w * still(v, c))),
    ("no pull moves the codes", "11.4", with_pulls(lambda v, c, w: still(v, c) + w * squares(v, c.detach()))),
    ("no pull moves the", "11.4", with_pulls(lambda v, c, w: (1 + w) * squares(v, c).detach())),
    ("no pull moves the codes", "11.4", with_pulls(lambda v, c, w: (1 + w) * squares(v, c.detach()))),
    ("what is detached in each", "11.4", with_pulls(lambda v, c, w: w * squares(v, c) + still(v, c))),
]  # fmt: skip


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
