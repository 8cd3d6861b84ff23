"""Ways to train one and the same network, for `speed.py`: each takes x (N, 784) and a batch size and returns an epoch.

An epoch is a function without arguments that trains once over x and returns the mean loss in nats, or None.
"""

import logging
import math
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from vae_utils.models import mlp_vae
from vae_utils.training import fit

PYTHAE = Path(__file__).resolve().parent.parent / "_build" / "pythae"
PIXELS, HIDDEN, LATENT, RATE = 784, 400, 20, 1e-3


def book(x, batch_size):
    """The book's way: one tensor in memory, and `fit`."""
    model = mlp_vae(PIXELS, LATENT, (HIDDEN,))

    def epoch():
        return fit(model, x, epochs=1, batch_size=batch_size, lr=RATE, device="cpu", progress=False)["loss"].mean()

    return epoch


class Pictures(MNIST):
    """Torchvision's MNIST with these pictures in place of the files: an item is made the same way, through PIL."""

    def __init__(self, x):
        self.data = (255 * x).round().byte().reshape(-1, 28, 28)
        self.targets = torch.zeros(len(x), dtype=torch.long)
        self.transform, self.target_transform = transforms.ToTensor(), None


class Plain(nn.Module):
    """The model as most tutorials write it: a sigmoid at the end, and a tuple comes out."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Linear(PIXELS, HIDDEN)
        self.mu, self.logvar = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.leave, self.pixels = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, PIXELS)

    def encode(self, x):
        hidden = torch.relu(self.enter(x))
        return self.mu(hidden), self.logvar(hidden)

    def decode(self, z):
        return torch.sigmoid(self.pixels(torch.relu(self.leave(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)), mu, logvar


def loader(x, batch_size):
    """The way of most tutorials: a data set of pictures, a transform for each, a DataLoader and a loss by hand."""
    model = Plain().train()
    batches = DataLoader(Pictures(x), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def epoch():
        total = 0.0
        for pictures, _ in batches:
            pictures = pictures.view(-1, PIXELS)
            optimizer.zero_grad()
            decoded, mu, logvar = model(pictures)
            kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            loss = F.binary_cross_entropy(decoded, pictures, reduction="sum") + kl
            (loss / len(pictures)).backward()
            optimizer.step()
            total += loss.item()
        return total / len(x)

    return epoch


def pythae(x, batch_size):
    """The trainer of pythae, one call of its `train_step` an epoch, without its progress bar."""
    sys.path.append(str(PYTHAE))
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.base_trainer.base_trainer import logger

    logger.setLevel(logging.ERROR)
    encoder, decoder = pythae_networks()
    model = VAE(VAEConfig((PIXELS,), LATENT, reconstruction_loss="bce"), encoder, decoder)
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            folder, per_device_train_batch_size=batch_size, learning_rate=RATE, no_cuda=True, keep_best_on_train=True
        )
        trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=config)
        trainer.prepare_training()
    trainer.callback_handler.callbacks = []
    return lambda: trainer.train_step(1)


def pythae_networks():
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.plain = Plain()
            del self.plain.leave, self.plain.pixels

        def forward(self, x):
            mu, logvar = self.plain.encode(x)
            return ModelOutput(embedding=mu, log_covariance=logvar)

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.plain = Plain()
            del self.plain.enter, self.plain.mu, self.plain.logvar

        def forward(self, z):
            return ModelOutput(reconstruction=self.plain.decode(z))

    return Encoder(), Decoder()


@torch.no_grad()
def floor(x, batch_size):
    """What cannot be saved: the matrix products of a step, forward and backward, and Adam's pass over the weights."""
    sizes = ((HIDDEN, PIXELS), (2 * LATENT, HIDDEN), (HIDDEN, LATENT), (PIXELS, HIDDEN))
    weights = [nn.Parameter(0.05 * torch.randn(size)) for size in sizes]
    biases = [nn.Parameter(torch.zeros(size[0])) for size in sizes]
    for parameter in (*weights, *biases):
        parameter.grad = torch.zeros_like(parameter)
    inputs = [torch.rand(batch_size, size[1]) for size in sizes]
    outputs = [torch.rand(batch_size, size[0]) for size in sizes]
    optimizer = torch.optim.Adam([*weights, *biases], lr=0.0, fused=True)

    def epoch():
        for _ in range(math.ceil(len(x) / batch_size)):
            for weight, given, out in zip(weights, inputs, outputs, strict=True):
                torch.mm(given, weight.t(), out=out)
            for number in (3, 2, 1, 0):
                torch.mm(outputs[number].t(), inputs[number], out=weights[number].grad)
                if number:
                    torch.mm(outputs[number], weights[number], out=inputs[number])
            optimizer.step()

    return torch.no_grad()(epoch)


CONTESTANTS = {
    "fit": ("`fit` of this book", book),
    "loader": ("a DataLoader and a transform per picture", loader),
    "pythae": ("pythae 0.1.2, its trainer", pythae),
    "floor": ("the floor: matrix products and Adam alone", floor),
}
