"""Widget: the bound of a diffusion model closing in on log p(x) as the number T of its levels grows."""

from typing import ClassVar

from .parts.fields import Choice, Number, Whole
from .parts.host import Widget

CLUSTERS, RADIUS = 8, 1.4  # the data: Gaussians on a circle, of about unit variance in each coordinate


class TSlider(Widget):
    """Turn T and watch the ELBO of a diffusion model rise towards log p(x), in nats, with the best denoiser there is.

    The data are eight Gaussians on a circle, so E[x | z_t] is a formula (`models.MixtureDenoiser`) and log p(x) known.
    Every number is an average over the data by a rule of quadrature: nothing is drawn, nothing trained.

    levels:   T, how many levels of noise.
    schedule: how they lie: `log_snr_linear`, `log_snr_cosine` or `log_snr_ddpm` of `vae_utils.distributions`.
    spread:   sigma of each Gaussian.
    """

    module = "t_slider"
    sentence = "The ELBO of a diffusion model rises towards the exact log p(x) as its levels grow in number."
    constants: ClassVar[dict] = {"clusters": CLUSTERS, "radius": RADIUS}

    levels = Whole(20, 2, 1000)
    schedule = Choice("log-SNR linear", ("log-SNR linear", "cosine", "DDPM linear"))
    spread = Number(0.1, 0.05, 0.4)

    def still(self) -> str:
        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        log_snr = np.linspace(-8, 8, 400)
        steps = np.linspace(-8, 8, min(self.levels, 60))
        price = _price(log_snr, self.spread)
        behind = steps[np.searchsorted(steps, log_snr, side="right") - 1]
        teeth = np.exp(log_snr - behind) * _price(behind, self.spread)
        axes = (figure := Figure(figsize=(6, 2.4))).subplots()
        axes.fill_between(log_snr, price, teeth, color=plots.COLORS["kl"], alpha=0.4, label="what these levels add")
        axes.plot(log_snr, price, color=plots.COLORS["evidence"], label="endlessly many levels")
        axes.set(xlabel="log SNR", ylabel="nats per unit", ylim=(0, 1.1 * teeth.max()))
        axes.legend(loc="upper left")
        return plots.show(figure, alt="The price of each level is a tooth above the line of endlessly many levels.").svg


def _price(log_snr, spread, seed=0):
    """1/2 SNR E|x - E[x | z]|^2 at each log SNR (n,), by 400 draws."""
    import numpy as np

    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(CLUSTERS) / CLUSTERS
    centers = RADIUS * np.stack([np.cos(angle), np.sin(angle)], -1)
    signal = 1 / (1 + np.exp(-log_snr))[:, None, None]
    alpha, variance = np.sqrt(signal), signal * spread**2 + 1 - signal
    z = alpha * centers[0] + np.sqrt(variance) * rng.standard_normal((400, 2))
    logits = alpha / variance * (z @ centers.T)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    mean = shares @ centers / shares.sum(-1, keepdims=True)
    unsure = RADIUS**2 - (mean**2).sum(-1).mean(-1)
    keeps = ((1 - signal) / variance)[:, 0, 0]
    return 0.5 * np.exp(log_snr) * (2 * spread**2 * keeps + keeps**2 * unsure)
