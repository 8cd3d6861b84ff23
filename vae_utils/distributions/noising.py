"""Data that drowns in noise: the fixed posterior of a diffusion model, and the three ways to say what is underneath.

A level of noise is one number, log SNR: z = alpha x + sigma eps with alpha^2 = sigmoid(log SNR), sigma^2 =
sigmoid(-log SNR), so that alpha^2 + sigma^2 = 1 and alpha^2 / sigma^2 = SNR (Kingma et al. 2021). A schedule is a
tensor (T,) of these, falling from level 1, next to the data, to level T. In Ho et al. (2020) alpha^2 is alpha-bar.
"""

import math

import torch
import torch.nn.functional as F

from ..arguments import float_tensor, real_number, whole_number
from .gaussian import DiagonalGaussian

PREDICTIONS = ("x", "eps", "v", "score")


def alpha_sigma(log_snr):
    """How much of the data and of the noise is in z: alpha and sigma, each in the shape of log_snr."""
    return torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()


def noised(x, log_snr):
    """q(z_t | x) = N(alpha_t x, sigma_t^2 I), all steps at once: x (..., D), log_snr () or (..., 1).

    (Ho et al. 2020, equation 4.)
    """
    alpha, _ = alpha_sigma(log_snr)
    return DiagonalGaussian(alpha * x, F.logsigmoid(-log_snr))


def step_back(z, x, log_snr, before):
    """q(z_s | z_t, x), one step back from the level log_snr of z (..., D) to the level `before` with less noise.

    With c = 1 - SNR_t / SNR_s the mean is alpha_s [(1 - c) z / alpha_t + c x] and the variance c sigma_s^2: what z says
    of the data and what x says, weighed (Ho et al. 2020, equations 6 and 7; Kingma et al. 2021, appendix A).
    """
    alpha, _ = alpha_sigma(log_snr)
    alpha_s, _ = alpha_sigma(before)
    c = -torch.expm1(log_snr - before)
    return DiagonalGaussian(alpha_s * ((1 - c) * z / alpha + c * x), torch.log(c) + F.logsigmoid(-before))


def translate(value, z, log_snr, source, target):
    """One guess about z = alpha x + sigma eps, said in another way: value (..., D) -> (..., D).

    source, target: "x" the data;  "eps" the noise (Ho et al. 2020);  "v" = alpha eps - sigma x (Salimans & Ho 2022);
    "score" = -eps / sigma, which for the best guess is the gradient of log p(z_t) (Song et al. 2021).
    """
    for name, kind in (("source", source), ("target", target)):
        if kind not in PREDICTIONS:
            raise ValueError(f"{name}: got {kind!r}, expected one of {PREDICTIONS}")
    alpha, sigma = alpha_sigma(log_snr)
    if source == target:
        return value
    if source == "x":
        x, eps = value, (z - alpha * value) / sigma
    elif source == "v":
        x, eps = alpha * z - sigma * value, sigma * z + alpha * value
    else:
        eps = value if source == "eps" else -sigma * value
        x = (z - sigma * eps) / alpha
    return {"x": x, "eps": eps, "v": alpha * eps - sigma * x, "score": -eps / sigma}[target]


def log_snr_linear(levels, first=8.0, last=-8.0):
    """A schedule in equal steps of log SNR, from `first` at level 1 down to `last` at the top: (levels,)."""
    real_number(first, "first", math.isfinite, "> last")
    real_number(last, "last", lambda number: number < first, "< first")
    return torch.linspace(first, last, whole_number(levels, "levels", least=2))


def log_snr_cosine(levels):
    """The schedule of Nichol & Dhariwal (2021): alpha^2 falls as cos^2, no step above 0.999. (levels,)."""
    time = torch.linspace(0, 1, whole_number(levels, "levels", least=2) + 1, dtype=torch.float64)
    signal = torch.cos((time + 0.008) / 1.008 * math.pi / 2).square()
    return _from_betas(1 - signal[1:] / signal[:-1])


def log_snr_ddpm(levels):
    """The schedule of Ho et al. (2020): steps beta_t rising linearly from 1e-4 to 0.02, for T = 1,000. (levels,).

    With fewer levels the betas are larger by 1,000 / T, and at most 0.999.
    """
    scale = 1000 / whole_number(levels, "levels", least=2)
    return _from_betas(torch.linspace(1e-4 * scale, 0.02 * scale, levels, dtype=torch.float64))


def _from_betas(betas):
    """From q(z_t | z_{t-1}) = N(sqrt(1 - beta_t) z_{t-1}, beta_t I) to log SNR: alpha_t^2 = prod_s (1 - beta_s)."""
    log_signal = torch.log1p(-betas.clamp(max=0.999)).cumsum(0)
    return (log_signal - torch.log(-torch.expm1(log_signal))).to(torch.get_default_dtype())


def falling(log_snr):
    """A schedule itself. Raises TypeError or ValueError unless it is (T,), T >= 2, finite and strictly falling."""
    float_tensor(log_snr, "log_snr", "(T,)")
    if log_snr.ndim != 1 or len(log_snr) < 2:
        raise ValueError(f"log_snr: got shape {tuple(log_snr.shape)}, expected (T,), T >= 2, one for each level")
    if not log_snr.is_meta and not (log_snr.isfinite().all() and (log_snr.diff() < 0).all()):
        raise ValueError(f"log_snr: got {log_snr.tolist()}, expected finite numbers that fall from level to level")
    return log_snr
