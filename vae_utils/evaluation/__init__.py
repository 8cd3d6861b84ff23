"""How good is a trained model? Likelihoods and the latent space in nats per example, samples by their features."""

from .codes import perplexity
from .diagnosis import Diagnosis, diagnose
from .latent import KLParts, active_units, kl_decomposition, mutual_information, slerp
from .likelihood import effective_sample_size, evaluate, log_likelihood
from .quality import frechet_distance, precision_recall
from .sharpness import Sharpness, gradient_energy, laplacian_variance, sharpness

__all__ = [
    "Diagnosis",
    "KLParts",
    "Sharpness",
    "active_units",
    "diagnose",
    "effective_sample_size",
    "evaluate",
    "frechet_distance",
    "gradient_energy",
    "kl_decomposition",
    "laplacian_variance",
    "log_likelihood",
    "mutual_information",
    "perplexity",
    "precision_recall",
    "sharpness",
    "slerp",
]
