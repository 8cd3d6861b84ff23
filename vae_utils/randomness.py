"""Noise is an argument everywhere in the package; where it has to be drawn, it is drawn here."""

import functools
from contextlib import contextmanager

import torch

from .arguments import float_tensor, whole_number


def standard_noise(shape, like, eps=None, generator=None, uniform=False):
    """Noise of `shape` on the device of `like`: `eps` itself where given, else fresh N(0, 1) (or U(0, 1)) draws.

    A generator may sit on another device, such as the CPU: there the noise is drawn, then brought over.
    Raises ValueError if `eps` has another shape, TypeError for what is no generator, such as a seed.
    """
    if eps is not None:
        if tuple(float_tensor(eps, "eps", tuple(shape)).shape) != tuple(shape):
            raise ValueError(f"eps: got shape {tuple(eps.shape)}, expected {tuple(shape)}")
        return eps
    if not (generator is None or isinstance(generator, torch.Generator)):
        raise TypeError(f"generator: got {generator!r}, expected a torch.Generator or None")
    draw = torch.rand if uniform else torch.randn
    place = like.device if generator is None else generator.device
    return draw(shape, device=place, dtype=like.dtype, generator=generator).to(like.device)


def generator_at(seed):
    """A generator on the CPU whose random numbers start at `seed`. Raises TypeError or ValueError for a bad seed."""
    return torch.Generator().manual_seed(_checked(seed))


def drawn_on_the_cpu(function):
    """`function`, which returns a tuple, at work on the CPU, where a seed means the same on every machine.

    The tensors in the tuple come out on torch's default device.
    """

    @functools.wraps(function)
    def drawn(*arguments, **options):
        home = torch.empty(0).device
        with torch.device("cpu"):
            made = function(*arguments, **options)
        parts = [part.to(home) if torch.is_tensor(part) else part for part in made]
        return made._make(parts) if hasattr(made, "_make") else tuple(parts)

    return drawn


@contextmanager
def seeded(seed):
    """Inside, torch's random numbers start at `seed`; afterwards its global state is as it was, on every device."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(_checked(seed))
        yield


def _checked(seed):
    return whole_number(seed, "seed", least=0, most=2**63 - 1)
