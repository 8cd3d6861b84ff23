"""Every model of the book: a prior, a posterior and a likelihood, and the networks inside them."""

from .conditional import ClassMeanVAE, ConditionalVAE, mlp_class_mean_vae, mlp_conditional_vae
from .linear import LinearVAE
from .vae import (
    LOGVAR_LIMIT,
    VAE,
    Autoencoder,
    BernoulliObservation,
    ContinuousBernoulliObservation,
    ConvDecoder,
    GaussianObservation,
    conv_vae,
    mlp,
    mlp_autoencoder,
    mlp_vae,
    observation_model,
)

__all__ = [
    "LOGVAR_LIMIT",
    "VAE",
    "Autoencoder",
    "BernoulliObservation",
    "ClassMeanVAE",
    "ConditionalVAE",
    "ContinuousBernoulliObservation",
    "ConvDecoder",
    "GaussianObservation",
    "LinearVAE",
    "conv_vae",
    "mlp",
    "mlp_autoencoder",
    "mlp_class_mean_vae",
    "mlp_conditional_vae",
    "mlp_vae",
    "observation_model",
]
