"""How good is a trained model? Likelihoods and the latent space in nats per example, samples by their features."""

from .codes import perplexity
from .diagnosis import Diagnosis, diagnose
from .disentanglement import DCI, dci, factor_entropies, information_matrix, mig, sap
from .latent import KLParts, active_units, kl_decomposition, mutual_information, slerp
from .likelihood import effective_sample_size, evaluate, log_likelihood
from .mixture import Modes, count_modes
from .quality import density_coverage, frechet_distance, precision_recall
from .sharpness import Sharpness, gradient_energy, laplacian_variance, sharpness

__all__ = [
    "DCI",
    "Diagnosis",
    "KLParts",
    "Modes",
    "Sharpness",
    "active_units",
    "count_modes",
    "dci",
    "density_coverage",
    "diagnose",
    "effective_sample_size",
    "evaluate",
    "factor_entropies",
    "frechet_distance",
    "gradient_energy",
    "information_matrix",
    "kl_decomposition",
    "laplacian_variance",
    "log_likelihood",
    "mig",
    "mutual_information",
    "perplexity",
    "precision_recall",
    "sap",
    "sharpness",
    "slerp",
]
