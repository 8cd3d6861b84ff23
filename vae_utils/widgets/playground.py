"""Widget: a VAE that is trained in the reader's browser."""

from typing import ClassVar

from .parts.fields import Array, Choice, Flag, Number, Numbers, Whole
from .parts.host import Widget

MOST_POINTS = 2000
DATA = ("spirals", "moons", "ring", "clusters", "digits", "your own points")
KERNELS = ("WebAssembly", "JavaScript")


class Trained(Widget):
    """What the Lab and the playground share: fields, the 1,797 scans of scikit-learn, and a still of some."""

    worker = "playground/worker"
    beta = Number(1.0, 0, 16)
    rate = Number(0.003, 0.0001, 0.03)
    warmup = Whole(0, 0, 2000)
    latent = Choice("2", ("1", "2"))
    activation = Choice("tanh", ("tanh", "relu"))
    running = Flag(False)
    kernel = Choice(KERNELS[0], KERNELS)
    points = Numbers([], (None, 2), -3, 3, most=MOST_POINTS)
    ink = Array("uint8", (None, 64))
    labels = Array("uint8", (None,), high=9)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        axes = (figure := Figure(figsize=(5, 1.6))).subplots()
        plots.image_grid(self.ink[:30] / 16, columns=15, ax=axes)
        return plots.show(figure, alt="Some of the real digits that can be learned here.").svg

    def __init__(self, **values):
        from sklearn.datasets import load_digits

        scans = load_digits()
        super().__init__(**{"ink": scans.data, "labels": scans.target} | values)


class Playground(Trained):
    """Train a VAE on the page: turn beta while it learns and watch reconstructions, latent space and samples.

    data:    what it learns: 1,000 points of a shape, the 1,797 real 8x8 digits, or `points` drawn by the reader.
    beta:    weight of the KL in loss = -reconstruction + beta * kl (nats per example).
    rate:    learning rate of Adam. warmup: steps over which the KL's weight rises from 0 to beta.
    sigma:   standard deviation of the Gaussian likelihood (points only; digits are Bernoulli).
    latent:  latent numbers, 1 or 2. activation: of the hidden layers. seed: of data, weights and noise.
    running: whether it trains now; may be set from Python in a live kernel.
    kernel:  what computes the products: WebAssembly where the browser has its SIMD, or JavaScript, everywhere.
    """

    module = "playground"
    constants: ClassVar[dict] = {"most_points": MOST_POINTS}
    sentence = "A variational autoencoder is trained here, in your browser, while you turn β and watch."

    data = Choice("spirals", DATA)
    sigma = Number(0.2, 0.03, 1)
    seed = Whole(0, 0, 9999)
