"""The distributions a VAE is made of, with one interface, `Law`, and the KL divergences between them."""

from .autoregressive import Autoregressive, AutoregressiveBernoulli, AutoregressiveCode, AutoregressiveGray
from .chain import Chain
from .completion import complete
from .divergence import chain_kl, full_gaussian_kl, gaussian_kl, gaussian_kl_per_dimension, kl_divergence, uniform_kl
from .flow import Flow
from .gaussian import LOGVAR_LIMIT, DiagonalGaussian, UniformBox
from .law import Law
from .mixture import GaussianMixture, IndependentCategorical
from .noising import (
    PREDICTIONS,
    alpha_sigma,
    log_snr_cosine,
    log_snr_ddpm,
    log_snr_linear,
    noised,
    step_back,
    translate,
)
from .pixels import Bernoulli, ContinuousBernoulli, DiscretizedGaussian
from .points import Code, PointMass

__all__ = [
    "LOGVAR_LIMIT",
    "PREDICTIONS",
    "Autoregressive",
    "AutoregressiveBernoulli",
    "AutoregressiveCode",
    "AutoregressiveGray",
    "Bernoulli",
    "Chain",
    "Code",
    "ContinuousBernoulli",
    "DiagonalGaussian",
    "DiscretizedGaussian",
    "Flow",
    "GaussianMixture",
    "IndependentCategorical",
    "Law",
    "PointMass",
    "UniformBox",
    "alpha_sigma",
    "chain_kl",
    "complete",
    "full_gaussian_kl",
    "gaussian_kl",
    "gaussian_kl_per_dimension",
    "kl_divergence",
    "log_snr_cosine",
    "log_snr_ddpm",
    "log_snr_linear",
    "noised",
    "step_back",
    "translate",
    "uniform_kl",
]
