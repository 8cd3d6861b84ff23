"""Some of z is given: what does the prior make of the rest?"""

import torch

from ..arguments import code_numbers, whole_number


@torch.no_grad()
def complete(law, z, known, codes, sweeps=10, generator=None):
    """The slots of z that are not known, drawn from p(unknown | known) by Gibbs sampling: int64 (..., slots).

    law: over codes, with `log_prob` and `by_place`, such as the prior of a VQ-VAE.  z: code numbers (..., slots), of
    which those not `known`, bool (slots,), are not read.  codes: how many there are.
    A first pass from left to right draws each unknown slot from p(z_t | z_<t). Where nothing known comes after an
    unknown slot, that is exact, and all. Elsewhere it is the start: `sweeps` more passes draw slot after slot from
    p(z_t | all others), in proportion to p(z), and so come as near to p(unknown | known) as you have patience.
    """
    whole_number(sweeps, "sweeps", least=0)
    whole_number(codes, "codes", least=2)
    _check(z, known, law.event_shape[0], codes)
    numbers = torch.arange(codes, device=z.device)
    z = torch.where(known, z, 0)
    unknown = (~known).nonzero().flatten().tolist()
    exact = not unknown or not known[unknown[0] :].any()
    for sweep in range(1 if exact else 1 + sweeps):
        for t in unknown:
            tried = z.unsqueeze(-2).repeat_interleave(codes, -2)
            tried[..., t] = numbers
            scores = law.log_prob(tried) if sweep else law.by_place(tried)[..., t]
            drawn = torch.multinomial(scores.softmax(-1).reshape(-1, codes), 1, generator=generator)
            z[..., t] = drawn.view(z.shape[:-1])
    return z


def _check(z, known, slots, codes):
    code_numbers(z, "z", slots)
    if not torch.is_tensor(known) or known.dtype != torch.bool or known.shape != (slots,):
        got = f"{known.dtype} {tuple(known.shape)}" if torch.is_tensor(known) else type(known).__name__
        raise ValueError(f"known: got {got}, expected a bool tensor ({slots},)")
    code_numbers(z[..., known], "z", int(known.sum()), codes)
