"""A VAE of many levels whose encoder never learns: z = (z_1, ..., z_T) side by side, z_1 next to the data."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import last_dimension, positive, real_number, whole_number
from ..distributions import Chain, DiagonalGaussian, noised, step_back, translate
from ..distributions.noising import falling
from .networks import under_autocast
from .vae import suitable

LEARNED = ("x", "eps", "v")


class Diffusion(nn.Module):
    """The posterior is noise, level by level; the prior starts from N(0, I) and learns to take the noise away.

    posterior:  q(z_T | x) q(z_{T-1} | z_T, x) ... q(z_1 | z_2, x), without a parameter
    prior:      p(z_T) = N(0, I), then p(z_{t-1} | z_t) = q(z_{t-1} | z_t, x = x^(z_t)), x^ being the network's guess
    likelihood: p(x | z_1), around x^(z_1)
    denoiser:    denoiser(z, log_snr), rows (N, D) and (N, 1) -> (N, D): a guess about what is under the noise
    log_snr:     the schedule (T,), such as `log_snr_linear(T)`
    prediction:  what the denoiser says, "v", "eps" or "x"; see `distributions.translate`
    observation: a module from x^(z_1) (..., D) to the likelihood; N(x^, sigma_1^2 I) in the space of z
                 unless given
    shift, scale: numbers; the noise is added to (x - shift) / scale, such as 0.5 and 0.5 for pixels in [0, 1]
    Prior and posterior are a `Chain` each, in one order, so `elbo` is the whole bound with a closed KL a level:
    1/2 (SNR_{t-1} - SNR_t) |x - x^(z_t)|^2. It evaluates all T levels; `diffusion_elbo` one of them an example.
    (Sohl-Dickstein et al. 2015; Ho et al. 2020; Kingma et al. 2021.)
    """

    def __init__(self, denoiser, log_snr, data_dim, prediction="v", observation=None, shift=0.0, scale=1.0):
        super().__init__()
        self.denoiser = denoiser
        self.register_buffer("log_snr", falling(log_snr), persistent=False)
        self.data_dim = whole_number(data_dim, "data_dim")
        if prediction not in LEARNED:
            raise ValueError(f"prediction: got {prediction!r}, expected one of {LEARNED}")
        self.prediction = prediction
        self.shift = real_number(shift, "shift", lambda number: True, "that is finite")
        self.scale = positive(scale, "scale")
        self.observation = observation

    @property
    def levels(self):
        return len(self.log_snr)

    @property
    def latent_dim(self):
        return self.levels * self.data_dim

    def prior(self, y=None):
        """p(z), drawn from z_T down, batch shape ()."""
        zeros = self.log_snr.new_zeros(self.data_dim)
        steps = [
            lambda z, t=t: step_back(z, self.denoise(z, self.log_snr[t]), self.log_snr[t], self.log_snr[t - 1])
            for t in self._downwards()[:-1]
        ]
        return self._chain(DiagonalGaussian(zeros, zeros), steps)

    def posterior(self, x, y=None):
        """q(z | x), drawn from z_T down, batch shape (B,)."""
        x = self.inside(x)
        steps = [lambda z, t=t: step_back(z, x, self.log_snr[t], self.log_snr[t - 1]) for t in self._downwards()[:-1]]
        return self._chain(noised(x, self.log_snr[-1]), steps)

    def likelihood(self, z, y=None):
        """p(x | z_1), batch shape (...) for z (..., T D)."""
        return self.observed(suitable(z, "z", self.latent_dim, self)[..., : self.data_dim])

    def observed(self, z):
        """p(x | z_1) for z_1 (..., D) alone: by default N(x^(z_1), sigma_1^2 I), in the units of x."""
        mean = self.shift + self.scale * self.denoise(z, self.log_snr[0])
        if self.observation is not None:
            return self.observation(mean)
        return DiagonalGaussian(mean, F.logsigmoid(-self.log_snr[0]) + 2 * math.log(self.scale))

    def denoise(self, z, log_snr):
        """x^(z_t), the guess of the data under z (..., D), in the space of z; log_snr: () or (..., 1)."""
        log_snr = log_snr.expand(*z.shape[:-1], 1)
        said = self.denoiser(z.reshape(-1, z.shape[-1]), log_snr.reshape(-1, 1))
        said = last_dimension(said, "denoiser output", self.data_dim).reshape(z.shape)
        said = said.float() if under_autocast(z.device) else said
        return translate(said, z, log_snr, self.prediction, "x")

    def inside(self, x):
        """(x - shift) / scale: x (..., D) in the space where noise is added."""
        return (suitable(x, "x", self.data_dim, self) - self.shift) / self.scale

    def thinned(self, levels):
        """The same networks with fewer levels, spread evenly over those there are: a model of its own."""
        whole_number(levels, "levels", least=2, most=self.levels)
        kept = torch.linspace(0, self.levels - 1, levels).round().long()
        return Diffusion(
            self.denoiser, self.log_snr[kept], self.data_dim, self.prediction, self.observation, self.shift, self.scale
        )

    def _downwards(self):
        return range(self.levels)[::-1]

    def _chain(self, first, steps):
        return Chain(first, steps, (self.data_dim,) * self.levels, self._downwards())
