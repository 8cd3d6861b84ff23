"""beta over the time of a training, and the beta that a loss hides."""

from ..arguments import non_negative, positive, share, whole_number


def linear_warmup(fraction, start=0.0, end=1.0):
    """A schedule for beta: from `start` to `end` over the first `fraction` of training (Bowman et al. 2016).

    Returns a function of progress in [0, 1].
    """
    share(fraction, "fraction")
    return lambda progress: start + (end - start) * min(1.0, progress / fraction)


def cyclical_warmup(cycles, ramp=0.5, end=1.0):
    """A schedule for beta that climbs from 0 to `end` in each of `cycles` equal cycles (Fu et al. 2019).

    The climb takes the first `ramp` of a cycle; beta stays at `end` for the rest. Returns a function of progress.
    """
    whole_number(cycles, "cycles")
    share(ramp, "ramp")
    last = 1 - 1e-9  # the end of the last cycle, where the remainder would say that a new one begins
    return lambda progress: end * min(1.0, (min(progress, last) * cycles % 1) / ramp)


def effective_beta(reconstruction_scale, kl_scale, kind="mse", sigma=1.0):
    """The beta of the beta-VAE that a loss  reconstruction_scale * R + kl_scale * KL  hides.

    R is the reconstruction error summed over the pixels: `kind="mse"` for sum (x - mean)^2, whose Gaussian
    log-likelihood is -R / (2 sigma^2); `kind="nll"` for a negative log-likelihood such as binary cross-entropy.
    A loss that averages R over D pixels has reconstruction_scale = 1/D. KL is summed over latent dimensions.

        beta = kl_scale / (reconstruction_scale * 2 sigma^2)   for "mse"
        beta = kl_scale / reconstruction_scale                 for "nll"
    """
    positive(reconstruction_scale, "reconstruction_scale")
    non_negative(kl_scale, "kl_scale")
    positive(sigma, "sigma")
    if kind not in ("mse", "nll"):
        raise ValueError(f"kind: got {kind!r}, expected 'mse' or 'nll'")
    per_nat = 2 * sigma**2 if kind == "mse" else 1.0
    return kl_scale / (reconstruction_scale * per_nat)
