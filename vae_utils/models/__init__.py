"""Every model of the book: a prior, a posterior and a likelihood, and the networks inside them."""

from typing import Protocol

from torch.distributions import Distribution

from ..distributions import LOGVAR_LIMIT
from .adversarial import GAN
from .build import (
    conv_vae,
    mlp_autoencoder,
    mlp_class_mean_vae,
    mlp_conditional_vae,
    mlp_hierarchical_vae,
    mlp_top_down_vae,
    mlp_vae,
    sequence_vae,
)
from .conditional import ConditionalVAE
from .denoisers import LinearDenoiser, MixtureDenoiser, TimedNetwork
from .diffusion import Diffusion
from .hierarchical import HierarchicalVAE, TopDownVAE
from .linear import LinearVAE
from .networks import ContextNetwork, ConvDecoder, WindowNetwork, mlp
from .observations import (
    AutoregressiveObservation,
    BernoulliObservation,
    ContinuousBernoulliObservation,
    DiscretizedGaussianObservation,
    FeatureObservation,
    GaussianObservation,
    observation_model,
)
from .priors import (
    AutoregressiveCodes,
    ClassMeans,
    FlowPrior,
    GaussianPrior,
    IndependentCodes,
    MixturePrior,
    StandardNormal,
    VampPrior,
)
from .reverse import flow_log_likelihood, probability_flow, solve
from .vae import VAE, Autoencoder
from .vq import VQVAE, FiniteScalarVAE


class Model(Protocol):
    """The idea of the book as code: whatever has these three methods is a model, and every bound takes it.

    Nothing inherits from this. A chapter changes one of the three, or the bound, and nothing else.
    """

    def prior(self, y=None) -> Distribution:
        """p(z), or p(z | y): over z (..., d)."""

    def posterior(self, x, y=None) -> Distribution:
        """q(z | x): x (B, D) -> batch shape (B,), over z (..., d)."""

    def likelihood(self, z, y=None) -> Distribution:
        """p(x | z): z (..., d) -> batch shape (...), over x (..., D)."""


__all__ = [
    "GAN",
    "LOGVAR_LIMIT",
    "VAE",
    "VQVAE",
    "Autoencoder",
    "AutoregressiveCodes",
    "AutoregressiveObservation",
    "BernoulliObservation",
    "ClassMeans",
    "ConditionalVAE",
    "ContextNetwork",
    "ContinuousBernoulliObservation",
    "ConvDecoder",
    "Diffusion",
    "DiscretizedGaussianObservation",
    "FeatureObservation",
    "FiniteScalarVAE",
    "FlowPrior",
    "GaussianObservation",
    "GaussianPrior",
    "HierarchicalVAE",
    "IndependentCodes",
    "LinearDenoiser",
    "LinearVAE",
    "MixtureDenoiser",
    "MixturePrior",
    "Model",
    "StandardNormal",
    "TimedNetwork",
    "TopDownVAE",
    "VampPrior",
    "WindowNetwork",
    "conv_vae",
    "flow_log_likelihood",
    "mlp",
    "mlp_autoencoder",
    "mlp_class_mean_vae",
    "mlp_conditional_vae",
    "mlp_hierarchical_vae",
    "mlp_top_down_vae",
    "mlp_vae",
    "observation_model",
    "probability_flow",
    "sequence_vae",
    "solve",
]
