"""The exercises of chapter 11."""

import math

import torch

from ..distributions import DiagonalGaussian, GaussianMixture
from .exercise import Function, Judged, Numbers
from .words import described, shown


def mixture(z, logits, mu, logvar):
    """(B, d), (K,), (K, d), (K, d) -> (B,)."""
    return GaussianMixture(logits, DiagonalGaussian(mu, logvar)).log_prob(z)


def parts(z, mu, logvar):
    """log N(z; mu_k, sigma_k): (B, K)."""
    return DiagonalGaussian(mu, logvar).log_prob(z[:, None])


def mixtures():
    noise = torch.Generator().manual_seed(0)
    found = []
    for rows, components, size in ((5, 4, 3), (4, 2, 1)):
        z, logits = torch.randn(rows, size, generator=noise), torch.randn(components, generator=noise)
        mu, logvar = torch.randn(2, components, size, generator=noise)
        found.append((z, logits, 2 * mu, logvar - 1))
    return [*found, (found[0][0] + 12, *found[0][1:])]  # the last so far away that exp(log p) is 0


MIXTURE_SLIPS = {
    "this is the average of the log-densities; a mixture averages the densities, and then takes the logarithm": (
        lambda z, logits, mu, logvar: parts(z, mu, logvar) @ logits.softmax(0)
    ),
    "every component counts alike here; its weight is softmax(logits)": (
        lambda z, logits, mu, logvar: parts(z, mu, logvar).logsumexp(1) - math.log(len(logits))
    ),
    "the weights are missing; each density is multiplied by softmax(logits)": (
        lambda z, logits, mu, logvar: parts(z, mu, logvar).logsumexp(1)
    ),
    "the logits are no log-probabilities yet; log_softmax makes them sum to 1": (
        lambda z, logits, mu, logvar: (logits + parts(z, mu, logvar)).logsumexp(1)
    ),
    "the weights are added as probabilities, where their logarithms belong": (
        lambda z, logits, mu, logvar: (logits.softmax(0) + parts(z, mu, logvar)).logsumexp(1)
    ),
    "far from every component the densities are 0 on a computer; logsumexp never leaves the logarithms": (
        lambda z, logits, mu, logvar: (parts(z, mu, logvar).exp() @ logits.softmax(0)).log()
    ),
    "each Gaussian lacks its ½ log 2π in every dimension": (
        lambda z, logits, mu, logvar: mixture(z, logits, mu, logvar) + 0.5 * z.shape[1] * math.log(2 * math.pi)
    ),
    "this is the most probable component alone": (
        lambda z, logits, mu, logvar: (logits.log_softmax(0) + parts(z, mu, logvar)).max(1).values
    ),
}


TABLE = [(0, 1)] * 4 + [(2, 1), (2, 3), (2, 3), (1, 3)]  # two slots of four codes, of eight pictures


def entropy(items):
    shares = [items.count(item) / len(items) for item in set(items)]
    return -sum(share * math.log(share) for share in shares)


FIRST, SECOND = (entropy(list(slot)) for slot in zip(*TABLE, strict=True))
JOINT = entropy(TABLE)


def residual_kl(prior_logvar, delta_mu, delta_logvar):
    """KL(N(m + delta_mu, exp(l + delta_logvar)) || N(m, exp(l))), l the prior's: (B, d) each -> (B,)."""
    return 0.5 * (delta_mu**2 * torch.exp(-prior_logvar) + torch.exp(delta_logvar) - delta_logvar - 1).sum(-1)


def residuals():
    noise = torch.Generator().manual_seed(0)
    return [tuple(torch.randn(3, rows, size, generator=noise)) for rows, size in ((4, 3), (3, 5))]


def terms(square, spread, delta_logvar):
    return 0.5 * (square + spread - delta_logvar - 1).sum(-1)


RESIDUAL_SLIPS = {
    "the square of delta_mu is measured in variances of the prior, exp(prior_logvar)": (
        lambda logvar, mu, delta: terms(mu**2, delta.exp(), delta)
    ),
    "the square of delta_mu is divided by the variance of the prior, not of the posterior": (
        lambda logvar, mu, delta: terms(mu**2 * (-logvar - delta).exp(), delta.exp(), delta)
    ),
    "the square of delta_mu is divided by the standard deviation; it should be the variance": (
        lambda logvar, mu, delta: terms(mu**2 * (-0.5 * logvar).exp(), delta.exp(), delta)
    ),
    "multiplied by the variance of the prior in place of divided": (
        lambda logvar, mu, delta: terms(mu**2 * logvar.exp(), delta.exp(), delta)
    ),
    "delta_mu is not yet squared": (lambda logvar, mu, delta: terms(mu * (-logvar).exp(), delta.exp(), delta)),
    "this is the KL to N(0, I) of a posterior without its prior; here the prior stands at the same place": (
        lambda logvar, mu, delta: terms(mu**2, (logvar + delta).exp(), logvar + delta)
    ),
    "the ratio of the two variances is exp(delta_logvar) alone: the prior's own cancels": (
        lambda logvar, mu, delta: terms(mu**2 * (-logvar).exp(), (logvar + delta).exp(), logvar + delta)
    ),
    "this is the KL the other way round, from the prior to the posterior": (
        lambda logvar, mu, delta: terms(mu**2 * (-logvar - delta).exp(), (-delta).exp(), -delta)
    ),
    "what delta_mu costs is missing": (lambda logvar, mu, delta: terms(0.0, delta.exp(), delta)),
    "what delta_logvar costs is missing": (lambda logvar, mu, delta: terms(mu**2 * (-logvar).exp(), 1.0, 0.0)),
}


def vector_cases():
    """(vectors (B, slots, width), codebook, commitment): no two sizes alike, and codes that stand near the vectors."""
    noise = torch.Generator().manual_seed(0)
    sizes = ((5, 3, 2, 7, 0.25), (4, 2, 6, 3, 0.6))
    return [
        (torch.randn(b, s, w, generator=noise), torch.randn(codes, w, generator=noise), commitment)
        for b, s, w, codes, commitment in sizes
    ]


def quantizer(vq_step):
    """Exercise 11.4: the code numbers, the vectors as the decoder sees them, and the two pulls."""
    for vectors, codebook, commitment in vector_cases():
        vectors.requires_grad_(), codebook.requires_grad_()
        answer = vq_step(vectors, codebook, commitment)
        if answer is None:
            return "your function returns nothing: is the `return` missing?"
        if not isinstance(answer, tuple | list) or len(answer) != 3 or not all(map(torch.is_tensor, answer)):
            return f"your function returns {described(answer)}, expected three tensors: z, through, pulls"
        z, through, pulls = answer
        nearest = torch.cdist(vectors.flatten(0, 1), codebook).argmin(-1).view(vectors.shape[:-1])
        chosen = codebook[nearest].detach()
        problem = (
            _numbers_of_codes(z, nearest)
            or _straight_through(through, vectors, codebook, chosen)
            or _pulled(pulls, vectors, chosen, commitment)
            or _pull_the_right_way(pulls, vectors, codebook, nearest, commitment)
        )
        if problem:
            return problem


def _numbers_of_codes(z, nearest):
    if z.is_floating_point() or z.shape != nearest.shape:
        got = "floats" if z.is_floating_point() else shown(z)
        return f"z is {got}, expected whole numbers of shape {tuple(nearest.shape)}, a code for each slot"
    if not torch.equal(z, nearest):
        b, s = (z != nearest).nonzero()[0].tolist()
        return f"in row {b}, slot {s} you choose code {z[b, s]}, but code {nearest[b, s]} is the nearest"


def _straight_through(through, vectors, codebook, chosen):
    if through.shape != vectors.shape:
        return f"through is {shown(through)}, expected {tuple(vectors.shape)}, as the vectors"
    if not _alike(through, chosen):
        same = "these are the vectors as they were" if _alike(through, vectors) else "its values differ"
        return f"through should hold the chosen codes, codebook[z]: {same}"
    to_vectors, to_codes = _gradients(through.sum(), vectors, codebook)
    if not _alike(to_vectors, torch.ones_like(vectors)):
        how = "no gradient" if not to_vectors.any() else "not the whole gradient"
        return f"{how} of through reaches the vectors: give them what they lack to the codes, detached"
    if to_codes.any():
        return "through hands its gradient to the codebook, too: detach the whole difference"


def _pulled(pulls, vectors, chosen, commitment):
    squares = (vectors - chosen).detach().square()
    right = (1 + commitment) * squares.sum((-2, -1))
    if pulls.shape != right.shape:
        return f"pulls is {shown(pulls)}, expected {tuple(right.shape)}: sum over slots and width, not over the batch"
    if _alike(pulls, right):
        return None
    known = {
        "a mean in place of the sum": right / squares[0].numel(),
        "a mean over the width in place of the sum": right / squares.shape[-1],
        "one pull is missing, the one that commitment weighs": right / (1 + commitment),
        "one pull is missing, the one that moves the codes": commitment * right / (1 + commitment),
        "commitment weighs one of the two pulls, not both": 2 * commitment * right / (1 + commitment),
        "commitment is not used": 2 * right / (1 + commitment),
        "the sign is turned: a pull is a cost": -right,
        "distances are not yet squared": (1 + commitment) * squares.sum(-1).sqrt().sum(-1),
    }
    words = next((text for text, wrong in known.items() if _alike(pulls, wrong)), None)
    return f"pulls is {pulls[0].item():.4g} for row 0, right is {right[0].item():.4g}" + (f": {words}" if words else "")


def _pull_the_right_way(pulls, vectors, codebook, nearest, commitment):
    away = 2 * (vectors - codebook[nearest]).detach()
    of_codes = torch.zeros_like(codebook).index_add(0, nearest.flatten(), -away.flatten(0, 1))
    to_vectors, to_codes = _gradients(pulls.sum(), vectors, codebook)
    if _alike(to_vectors, commitment * away) and _alike(to_codes, of_codes):
        return None
    known = {
        "commitment stands at the wrong pull: it weighs the one that moves the vectors": (away, commitment * of_codes),
        "nothing is detached, so each pull moves both sides": ((1 + commitment) * away, (1 + commitment) * of_codes),
        "no pull moves the vectors": (0 * away, to_codes),
        "no pull moves the codes": (to_vectors, 0 * of_codes),
    }
    words = (text for text, wrong in known.items() if _alike(to_vectors, wrong[0]) and _alike(to_codes, wrong[1]))
    return "the pulls have the right value and " + next(words, "pull the wrong way: what is detached in each?")


def _gradients(value, *leaves):
    if not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(value, leaves, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(leaf) if grad is None else grad for leaf, grad in zip(leaves, found, strict=True)]


def _alike(a, b):
    return torch.allclose(a.detach(), b.detach(), atol=1e-4)


EXERCISES = {
    "11.1": Function(
        "the density of a mixture",
        mixture,
        mixtures,
        hint="log softmax(logits) plus the log-density of each component, (B, K); then logsumexp over the components",
        slips=MIXTURE_SLIPS,
    ),
    "11.2": Function(
        "the KL of a residual level",
        residual_kl,
        residuals,
        hint="the mean differs by delta_mu, and the ratio of the variances is exp(delta_logvar); sum over dimensions",
        slips=RESIDUAL_SLIPS,
    ),
    "11.3": Numbers(
        "what a code costs",
        {
            "the KL under the uniform prior": 2 * math.log(4),
            "the KL under independent slots": FIRST + SECOND,
            "the KL under slots in order": JOINT,
        },
        hint="q has all its mass on one z, so the KL is -log p(z); average it over the eight rows",
        slips={
            "this is the cost of one slot; there are two, of four codes each": (math.log(4), None, None),
            "this is how many codes there are; in nats it is the logarithm of that": (16.0, None, None),
            "a uniform prior does not know which codes are used": (math.log(6), None, None),
            "these are rows, not codes": (math.log(8), None, None),
            "this is the first slot alone": (None, FIRST, FIRST),
            "this is the second slot alone": (None, SECOND, SECOND),
            "this is the cost where the second slot knows the first": (None, JOINT, None),
            "this is the second slot given the first; the first costs something, too": (None, None, JOINT - FIRST),
            "this is what independent slots cost": (None, None, FIRST + SECOND),
            "q is certain, and p is not: the KL is -log p(z), not 0": (0.0, 0.0, 0.0),
        },
    ),
    "11.4": Judged(
        "one step of a VQ-VAE",
        quantizer,
        hint="through = vectors + (codebook[z] - vectors).detach(), and each pull detaches the side that stays",
    ),
}
