"""Every model of the book: a prior, a posterior and a likelihood, and the networks inside them."""

from .conditional import ClassMeanVAE, ConditionalVAE, mlp_class_mean_vae, mlp_conditional_vae
from .linear import LinearVAE
from .sequence import AutoregressiveBernoulli, ContextNetwork, SequenceVAE, sequence_vae
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
from .vq import VQVAE

__all__ = [
    "LOGVAR_LIMIT",
    "VAE",
    "VQVAE",
    "Autoencoder",
    "AutoregressiveBernoulli",
    "BernoulliObservation",
    "ClassMeanVAE",
    "ConditionalVAE",
    "ContextNetwork",
    "ContinuousBernoulliObservation",
    "ConvDecoder",
    "GaussianObservation",
    "LinearVAE",
    "SequenceVAE",
    "conv_vae",
    "mlp",
    "mlp_autoencoder",
    "mlp_class_mean_vae",
    "mlp_conditional_vae",
    "mlp_vae",
    "observation_model",
    "sequence_vae",
]
