"""Widget: the Lab, where a reader trains VAEs on one screen."""

from typing import ClassVar

from .parts.fields import Choice, Number, Numbers, Whole
from .playground import DATA, MOST_POINTS, Trained

SHOWN = 300
MOST_DRAWN = 12


class Lab(Trained):
    """Train a VAE on one screen: data, machine, latent space, and a plane in which every run leaves its trail.

    beta:       weight of the KL in loss = -reconstruction + beta * sum_j max(free, kl_j), in nats per example.
    sigma:      standard deviation of the Gaussian likelihood.
    rate:       learning rate of Adam. warmup: steps over which the KL's weight rises from 0 to beta.
    free:       free bits: nats of every latent number that cost nothing (Kingma et al. 2016).
    likelihood: of digits: Gaussian on their gray levels, or Bernoulli. Points are Gaussian.
    latent:     latent numbers, 1 or 2. hidden: units of a layer. activation: of the hidden layers.
    seed:       of data, weights and noise: the same seed and settings give the same run.
    pixels:     of a digit, along its side: the 1,797 real scans have 8, and can be enlarged.
    rows:       how many rows are trained on; the last 128 rows never are.
    data:       what it learns: 1,000 points of a shape, the digits, or `points` drawn by the reader.
    drawn:      digits of the reader, 64 numbers of ink from 0 to 16 each, learned before all others.
    row:        the row of the data that goes through the machine. code: the latent numbers that the decoder is given.
    running:    whether it trains now; may be set from Python in a live kernel.
    kernel:     what computes the products: WebAssembly where the browser has its SIMD, or JavaScript, everywhere.

    A second run, B, may be trained beside the first; `beta`, `sigma`, `rate`, `warmup`, `free`, `latent`, `hidden` and
    `activation` are then those of the run that the reader has chosen.
    """

    module = "lab"
    constants: ClassVar[dict] = {"most_points": MOST_POINTS, "most_drawn": MOST_DRAWN}
    sentence = "The Lab: variational autoencoders are trained here, in your browser, under your hand."

    sigma = Number(0.3, 0.03, 1)
    free = Number(0.0, 0, 2)
    likelihood = Choice("Gaussian", ("Gaussian", "Bernoulli"))
    hidden = Choice("64", ("16", "32", "64", "128"))
    seed = Whole(0, 0, 99)
    pixels = Choice("8", ("8", "14", "28"))
    rows = Choice("all", ("30", "100", "300", "all"))
    data = Choice("digits", DATA)
    row = Whole(0, 0, SHOWN - 1)
    code = Numbers([0.8, 0.8], (2,), -12, 12)
    drawn = Numbers([], (None, 64), 0, 16, most=MOST_DRAWN)
