"""Bounds, on log p(x) or on the distance of two distributions, and what belongs to them, as plain functions.

Bounds on log p(x) are in nats per example: summed over dimensions, never averaged over the batch in here. Bad input
raises TypeError or ValueError that names the argument, what was got and what was expected.
"""

from ..distributions import full_gaussian_kl, gaussian_kl, gaussian_kl_per_dimension, kl_divergence, uniform_kl
from .adversarial import (
    gradient_penalty,
    js_bound,
    non_saturating_loss,
    relativistic_loss,
    saturating_loss,
    slope_penalty,
    wasserstein_bound,
)
from .bounds import Terms, elbo, importance_bound, importance_weighted, log_weights, reconstruction
from .diffusion import denoising, diffusion_elbo, flow_matching, level_weights
from .discrete import prior_of_codes, vq_elbo
from .estimators import pathwise_gradient, score_function_gradient
from .regularizers import (
    MinibatchKLParts,
    free_bits_elbo,
    free_bits_kl,
    level_elbo,
    minibatch_kl_parts,
    tc_elbo,
)
from .schedules import cyclical_warmup, effective_beta, linear_warmup

__all__ = [
    "MinibatchKLParts",
    "Terms",
    "cyclical_warmup",
    "denoising",
    "diffusion_elbo",
    "effective_beta",
    "elbo",
    "flow_matching",
    "free_bits_elbo",
    "free_bits_kl",
    "full_gaussian_kl",
    "gaussian_kl",
    "gaussian_kl_per_dimension",
    "gradient_penalty",
    "importance_bound",
    "importance_weighted",
    "js_bound",
    "kl_divergence",
    "level_elbo",
    "level_weights",
    "linear_warmup",
    "log_weights",
    "minibatch_kl_parts",
    "non_saturating_loss",
    "pathwise_gradient",
    "prior_of_codes",
    "reconstruction",
    "relativistic_loss",
    "saturating_loss",
    "score_function_gradient",
    "slope_penalty",
    "tc_elbo",
    "uniform_kl",
    "vq_elbo",
    "wasserstein_bound",
]
