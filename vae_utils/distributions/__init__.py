"""The distributions a VAE is made of, with one interface, `Law`, and the KL divergences between them."""

from .autoregressive import Autoregressive, AutoregressiveBernoulli, AutoregressiveCode, AutoregressiveGray
from .chain import Chain
from .completion import complete
from .divergence import chain_kl, full_gaussian_kl, gaussian_kl, gaussian_kl_per_dimension, kl_divergence, uniform_kl
from .flow import Flow
from .gaussian import LOGVAR_LIMIT, DiagonalGaussian, UniformBox
from .law import Law
from .mixture import GaussianMixture, IndependentCategorical
from .pixels import Bernoulli, ContinuousBernoulli
from .points import Code, PointMass

__all__ = [
    "LOGVAR_LIMIT",
    "Autoregressive",
    "AutoregressiveBernoulli",
    "AutoregressiveCode",
    "AutoregressiveGray",
    "Bernoulli",
    "Chain",
    "Code",
    "ContinuousBernoulli",
    "DiagonalGaussian",
    "Flow",
    "GaussianMixture",
    "IndependentCategorical",
    "Law",
    "PointMass",
    "UniformBox",
    "chain_kl",
    "complete",
    "full_gaussian_kl",
    "gaussian_kl",
    "gaussian_kl_per_dimension",
    "kl_divergence",
    "uniform_kl",
]
