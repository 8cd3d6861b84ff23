"""Some of z is given: the rest is held to the sum over every code."""

import pytest
import torch
from refusal import refuses

from vae_utils import models
from vae_utils.distributions import complete

CODES, SLOTS = 3, 3
EVERY = torch.cartesian_prod(*[torch.arange(CODES)] * SLOTS)


def in_order():
    prior = models.AutoregressiveCodes(SLOTS, CODES, hidden=6, width=4)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.mul_(3)
    return prior()


def apart():
    prior = models.IndependentCodes(SLOTS, CODES)
    with torch.no_grad():
        prior.logits.copy_(torch.randn(SLOTS, CODES, generator=torch.Generator().manual_seed(0)))
    return prior()


@pytest.mark.parametrize("law", [in_order, apart])
def test_the_nats_of_the_places_add_up(law):
    law = law()
    by_place = law.by_place(EVERY)
    assert by_place.shape == EVERY.shape
    torch.testing.assert_close(by_place.sum(-1), law.log_prob(EVERY))
    first = by_place[::9, 0]  # (0, 0, 0), (1, 0, 0), (2, 0, 0)
    torch.testing.assert_close(first.logsumexp(0), torch.zeros(()), atol=1e-6, rtol=0)
    of_last = by_place[:3, 2]
    torch.testing.assert_close(of_last.logsumexp(0), torch.zeros(()), atol=1e-6, rtol=0)


def found_and_exact(law, known, sweeps, n=6_000):
    """How often each z comes, and p(z | the known slots at 2)."""
    known = torch.tensor(known)
    z = complete(law, torch.full((n, SLOTS), 2), known, CODES, sweeps, torch.Generator().manual_seed(0))
    assert z.shape == (n, SLOTS) and z.dtype == torch.int64 and (z[:, known] == 2).all()
    fits = (EVERY[:, known] == 2).all(-1)
    exact = torch.where(fits, law.log_prob(EVERY), -torch.inf).softmax(0)
    place = (z * torch.tensor([9, 3, 1])).sum(-1)
    return torch.bincount(place, minlength=len(EVERY)) / n, exact


@pytest.mark.slow
@pytest.mark.parametrize("law", [in_order, apart])
@pytest.mark.parametrize(
    ("known", "sweeps"),
    [([True, False, False], 0), ([False, False, True], 8), ([False, True, False], 8), ([False] * 3, 0)],
)
def test_the_rest_is_drawn_as_often_as_it_is_probable(law, known, sweeps):
    found, exact = found_and_exact(law(), known, sweeps)
    assert (found - exact).abs().max() < 0.02


class FromTheLeft:
    """Knows p(z_t | z_<t) alone."""

    def __init__(self, law):
        self.by_place, self.event_shape = law.by_place, law.event_shape


@pytest.mark.parametrize("known", [[True, False, False], [False] * 3, [True] * 3])
def test_where_the_first_pass_is_exact_it_is_the_only_one(known):
    z = complete(FromTheLeft(apart()), torch.ones(5, SLOTS).long(), torch.tensor(known), CODES, sweeps=3)
    assert (z[:, torch.tensor(known)] == 1).all()
    with pytest.raises(AttributeError):
        complete(FromTheLeft(apart()), z, torch.tensor([True, False, True]), CODES, sweeps=1)


def test_what_comes_later_is_not_heard_without_sweeps():
    found, exact = found_and_exact(in_order(), [False, False, True], 0)
    assert (found - exact).abs().max() > 0.05


def test_a_single_z_and_many():
    law, known = in_order(), torch.tensor([False, True, False])
    for shape in ((), (2,), (2, 4)):
        z = torch.full((*shape, SLOTS), 1)
        z[..., 0] = -7  # not read
        drawn = complete(law, z, known, CODES, 1)
        assert drawn.shape == z.shape and (drawn[..., 1] == 1).all() and 0 <= drawn.min() <= drawn.max() < CODES
        assert (z[..., 0] == -7).all()
    everything = torch.full((4, SLOTS), 2)
    assert torch.equal(complete(law, everything, torch.ones(SLOTS, dtype=torch.bool), CODES), everything)


def test_ten_sweeps_unless_told_otherwise():
    found = []
    for sweeps in ({}, {"sweeps": 10}, {"sweeps": 9}, {"sweeps": 11}):
        z, known = torch.zeros(50, SLOTS).long(), torch.tensor([False, True, True])
        found.append(complete(apart(), z, known, CODES, **sweeps, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(found[0], found[1]) and not any(torch.equal(found[0], other) for other in found[2:])


def test_the_generator_decides():
    first, again, other = (
        complete(in_order(), torch.zeros(50, SLOTS).long(), torch.zeros(SLOTS).bool(), CODES, 2, generator)
        for generator in (torch.Generator().manual_seed(seed) for seed in (0, 0, 1))
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_bad_arguments():
    law, z, known = apart(), torch.zeros(4, SLOTS).long(), torch.tensor([True, False, True])
    refuses(lambda: complete(law, z.float(), known, CODES), "z", "float32", "code numbers (..., 3)", TypeError)
    refuses(lambda: complete(law, [0], known, CODES), "z", "list", "code numbers", TypeError)
    refuses(lambda: complete(law, z[:, :2], known, CODES), "z", "(4, 2)", "(..., 3)", ValueError)
    refuses(lambda: complete(law, z, known[:2], CODES), "known", "(2,)", "(3,)", ValueError)
    refuses(lambda: complete(law, z, known.repeat(2), CODES), "known", "(6,)", "(3,)", ValueError)
    refuses(lambda: complete(law, z, known.long(), CODES), "known", "int64", "bool", ValueError)
    refuses(lambda: complete(law, z, [True], CODES), "known", "list", "bool", ValueError)
    for wrong in (z - 1, z + CODES):
        refuses(lambda wrong=wrong: complete(law, wrong, known, CODES), "z", "codes from", "0 to 2", ValueError)
    for wrong in (1, 0):
        refuses(lambda wrong=wrong: complete(law, z, known, wrong), "codes", f"{wrong}", ">= 2", ValueError)
    refuses(lambda: complete(law, z, known, CODES, -1), "sweeps", "-1", ">= 0", ValueError)
