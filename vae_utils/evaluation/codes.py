"""What does a model do with discrete codes, or a generator with classes?"""

import torch

from ..arguments import whole_number


def perplexity(z, codes):
    """How many codes are in real use: exp of the entropy of the code frequencies in z (..., slots), from 1 to `codes`.

    Raises TypeError unless z holds whole numbers, ValueError for none at all or one outside 0..codes-1.
    """
    whole_number(codes, "codes")
    if not torch.is_tensor(z) or z.is_floating_point():
        got = z.dtype if torch.is_tensor(z) else type(z).__name__
        raise TypeError(f"z: got {got}, expected a tensor of whole numbers")
    if not z.numel() or not (0 <= z.min() and z.max() < codes):
        got = f"codes from {z.min()} to {z.max()}" if z.numel() else "no codes"
        raise ValueError(f"z: got {got}, expected 0 to {codes - 1}")
    frequency = torch.bincount(z.flatten(), minlength=codes).double() / z.numel()
    return torch.exp(-torch.special.xlogy(frequency, frequency).sum()).item()
