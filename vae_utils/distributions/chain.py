"""A vector drawn part by part, each part given the one before: hierarchies, and the steps of a diffusion."""

import torch

from ..arguments import last_dimension
from .law import Law


class Chain(Law):
    """p(z) = p(z_1) p(z_2 | z_1) ... p(z_L | z_{L-1}), the parts side by side in one vector z (..., d).

    first: the law of the part that is drawn first.
    steps: L - 1 functions, each from the part before, (..., d_l), to the law of the next.
    sizes: the lengths d_1, ..., d_L of the parts, in the order in which they are drawn.
    order: where in z each drawn part stands, 0 being the front; as drawn unless given. A hierarchy draws its prior
           from the top and its posterior from the bottom: the same z, in two orders.
    `mean` is the mean of the first part, and of each next part at the mean before it: no true mean where a step is
    not linear, but what counts active units (Burda et al. 2016).
    """

    def __init__(self, first, steps, sizes, order=None):
        self.first, self.steps, self.sizes = first, tuple(steps), tuple(sizes)
        self.order = tuple(range(len(self.sizes))) if order is None else tuple(order)
        if len(self.sizes) != len(self.steps) + 1:
            raise ValueError(f"sizes: got {self.sizes}, expected {len(self.steps) + 1}, one for each part")
        if self.sizes[0] != first.event_shape.numel():
            length = first.event_shape.numel()
            raise ValueError(f"sizes: got {self.sizes}, expected {length} first, the length of `first`")
        if sorted(self.order) != [*range(len(self.sizes))]:
            raise ValueError(f"order: got {self.order}, expected the places 0 to {len(self.sizes) - 1}, each once")
        super().__init__(first.batch_shape, torch.Size([sum(self.sizes)]))

    @property
    def has_rsample(self):
        return self.first.has_rsample

    def parts(self, z):
        """z (..., d) cut into its parts, in the order in which they are drawn."""
        last_dimension(z, "value", sum(self.sizes))
        pieces = z.split(self._in_place(self.sizes), -1)
        return [pieces[place] for place in self.order]

    def laws(self, z):
        """The law of each part, given the part before it in z (..., d); in the order in which they are drawn."""
        return [self.first, *(step(part) for step, part in zip(self.steps, self.parts(z)[:-1], strict=True))]

    def laid_out(self, z):
        """(law, part) of each part, as they stand in z from the front."""
        return self._in_place([*zip(self.laws(z), self.parts(z), strict=True)])

    def log_prob(self, z):
        """log p(z_1) + sum_l log p(z_l | z_{l-1}), shape (...), nats per example."""
        return sum(law.log_prob(part) for law, part in zip(self.laws(z), self.parts(z), strict=True))

    @property
    def mean(self):
        drawn = [self.first.mean]
        for step in self.steps:
            drawn.append(step(drawn[-1]).mean)
        return torch.cat(self._in_place(drawn), -1)

    def rsample(self, sample_shape=(), eps=None, generator=None):
        """One part after the other: (*sample_shape, ..., d). `eps` is cut into parts as z is."""
        noise = [None] * len(self.sizes) if eps is None else self.parts(eps)
        drawn = [self.first.rsample(sample_shape, noise[0], generator)]
        for step, some in zip(self.steps, noise[1:], strict=True):
            drawn.append(step(drawn[-1]).rsample((), some, generator))
        return torch.cat(self._in_place(drawn), -1)

    @torch.no_grad()
    def sample(self, sample_shape=(), generator=None):
        """The same without a gradient, and without `rsample`, which a first part such as a mixture does not have."""
        drawn = [self.first.sample(sample_shape, generator=generator)]
        for step in self.steps:
            drawn.append(step(drawn[-1]).sample((), generator=generator))
        return torch.cat(self._in_place(drawn), -1)

    def _in_place(self, drawn):
        """A list in the order of drawing, brought into the order of standing."""
        return [drawn[self.order.index(place)] for place in range(len(drawn))]
