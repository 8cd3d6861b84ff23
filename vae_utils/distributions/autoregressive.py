"""Laws that draw one number after the other: each place of x is predicted from z and from the places before it."""

import torch
from torch import distributions as td

from ..arguments import within
from .law import Law


class Autoregressive(Law):
    """p(x | z) = prod_t p(x_t | x_<t, z) over x of `length` places; a subclass says what a place may hold.

    network(z, x): z (..., d), x (..., length) -> what is predicted of every place, the first dimensions as in z,
    then `length`. The prediction of place t must not depend on x_t or on later places.
    network.at(t, z, x), where the network has it: the prediction of place t alone, for quick sampling.
    Unlike other laws it keeps the network: what it predicts depends on x itself. It has `sample` but no `rsample`,
    and no `mean` in closed form: average samples.
    """

    dtype = None  # of x: that of z, unless a subclass says otherwise

    def __init__(self, network, z, length):
        self.network, self.z = network, z
        super().__init__(z.shape[:-1], torch.Size([length]))

    def log_prob(self, x):
        """sum_t log p(x_t | x_<t, z): x (..., length) -> (...), nats per example."""
        return self.by_place(x).sum(-1)

    def by_place(self, x):
        """log p(x_t | x_<t, z) of each place: x (..., length) -> (..., length), nats."""
        if not torch.is_tensor(x) or x.shape[-1:] != self.event_shape:
            got = tuple(x.shape) if torch.is_tensor(x) else type(x).__name__
            raise ValueError(f"x: got {got}, expected (..., {self.event_shape[0]})")
        prediction = self.network(self.z, self.seen(x))
        if prediction.dtype in (torch.bfloat16, torch.float16):  # under autocast: nats are added up in float32
            prediction = prediction.float()
        return self._places(prediction, self.event_shape[0]).log_prob(self.index(x))

    @torch.no_grad()
    def sample(self, sample_shape=(), generator=None):
        """Draw the places one after the other: (*sample_shape, ..., length)."""
        z = self.z.expand(torch.Size(sample_shape) + self.z.shape)
        rows = z.reshape(z.shape[:-1].numel(), z.shape[-1])
        x = torch.zeros(len(rows), *self.event_shape, dtype=self.dtype or z.dtype, device=z.device)
        at = getattr(self.network, "at", lambda t, z, x: self.network(z, x)[:, t])
        for t in range(x.shape[1]):
            probabilities = self._places(at(t, rows, x), len(rows)).probs
            x[:, t] = self.value(_drawn(probabilities, generator)).to(x.dtype)
        return x.reshape(*z.shape[:-1], -1)

    def _places(self, prediction, count):
        places = self.place(prediction)
        if places.batch_shape[-1:] != (count,):
            got = tuple(prediction.shape)
            raise ValueError(f"network: got {got} from it, expected a prediction for each of {count}")
        return places

    def place(self, prediction):
        """The distribution of single places."""
        raise NotImplementedError

    def seen(self, x):
        """x as the network is to see it."""
        return x

    def index(self, x):
        """x as the distribution of a place counts it."""
        return x

    def value(self, index):
        """And back."""
        return index


def _drawn(probabilities, generator):
    if probabilities.ndim == 1:  # of a one
        return torch.bernoulli(probabilities, generator=generator)
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(-1)


class AutoregressiveBernoulli(Autoregressive):
    """Sequences of bits, x_t in {0, 1}; the network gives one logit a place: (..., length)."""

    def place(self, logits):
        return td.Bernoulli(logits=logits, validate_args=False)

    def index(self, x):
        return within(x, "x", 0, 1)


class AutoregressiveGray(Autoregressive):
    """Pixels of `levels` gray levels, x_t in {0, 1 / (levels - 1), ..., 1}: probabilities, not a density.

    The network gives a logit for each level of each place, (..., length, levels). An x between two levels is rounded.
    """

    def __init__(self, network, z, length, levels):
        self.levels = levels
        super().__init__(network, z, length)

    def place(self, logits):
        if logits.shape[-1] != self.levels:
            raise ValueError(f"network: got {logits.shape[-1]} logits a place, expected {self.levels}, one a level")
        return td.Categorical(logits=logits, validate_args=False)

    def seen(self, x):
        return (within(x, "x", 0, 1) * (self.levels - 1)).round() / (self.levels - 1)

    def index(self, x):
        return (x * (self.levels - 1)).round().long()

    def value(self, index):
        return index / (self.levels - 1)


class AutoregressiveCode(Autoregressive):
    """Codes, x_t in 0, ..., codes - 1, int64: over the slots of a VQ-VAE. The network gives (..., length, codes)."""

    dtype = torch.int64

    def place(self, logits):
        return td.Categorical(logits=logits, validate_args=False)
