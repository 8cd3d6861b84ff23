"""A vector drawn part by part: known joints, both orders, and the KL of each part."""

import pytest
import torch
from exact import DOUBLE, normal
from refusal import refuses
from torch import distributions as td

from vae_utils.distributions import Chain, Code, DiagonalGaussian, chain_kl, kl_divergence
from vae_utils.randomness import seeded


def gaussian(mu, variance):
    return DiagonalGaussian(mu, torch.full_like(mu, variance).log())


def linear_chain(order=None):
    """a ~ N(1, 4) and b | a ~ N(3a, 9), whose joint is a Gaussian known in full; in the order (a, b)."""
    chain = Chain(gaussian(torch.tensor([1.0]), 4.0), [lambda a: gaussian(3 * a, 9.0)], (1, 1), order)
    return chain, td.MultivariateNormal(torch.tensor([1.0, 3.0]), torch.tensor([[4.0, 12.0], [12.0, 45.0]]))


@pytest.mark.parametrize("order", [None, (1, 0)])
def test_a_linear_chain_is_the_gaussian_that_it_should_be(order):
    chain, joint = linear_chain(order)
    with seeded(0):
        z = chain.rsample((40_000,))
    in_order = z.flip(-1) if order else z
    assert torch.allclose(chain.log_prob(z), joint.log_prob(in_order), atol=1e-4)
    assert torch.allclose(in_order.mean(0), joint.mean, atol=0.15)
    assert torch.allclose(in_order.T.cov(), joint.covariance_matrix, rtol=0.05)
    assert torch.allclose(chain.mean.flip(-1) if order else chain.mean, joint.mean)
    eps = torch.tensor([[1.0, -1.0]])
    expected = [0.0, -1.0] if order else [3.0, 6.0]  # a = 1 + 2 eps_a and b = 3 a + 3 eps_b
    assert chain.rsample((1,), eps)[0].tolist() == pytest.approx(expected)


ORDERS = [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)]


def deep(order, sizes=(2, 1, 3), seed=0):
    """Three parts of different lengths, each a linear Gaussian of the one before; in double precision."""
    maps = [normal(sizes[i], sizes[i + 1], seed=seed + i) for i in range(2)]
    steps = [lambda part, m=m, v=v: gaussian(part @ m, v) for m, v in zip(maps, (0.5, 2.0), strict=True)]
    return Chain(gaussian(normal(5, sizes[0], seed=seed + 3), 1.5), steps, sizes, order)


@pytest.mark.parametrize("order", ORDERS)
def test_parts_of_different_lengths_stand_where_the_order_says(order):
    chain = deep(order)
    eps = normal(4, 5, 6, seed=9)
    z = chain.rsample((4,), eps)
    assert z.shape == (4, 5, 6) and chain.batch_shape == (5,) and chain.event_shape == (6,) and chain.has_rsample
    drawn = chain.parts(z)
    assert [part.shape[-1] for part in drawn] == [2, 1, 3]
    standing = [drawn[order.index(place)] for place in range(3)]
    assert torch.equal(torch.cat(standing, -1), z)
    laws = chain.laws(z)
    by_hand = laws[0].log_prob(drawn[0]) + laws[1].log_prob(drawn[1]) + laws[2].log_prob(drawn[2])
    torch.testing.assert_close(chain.log_prob(z), by_hand)
    torch.testing.assert_close(drawn[1], drawn[0] @ normal(2, 1) + 0.5**0.5 * chain.parts(eps)[1])
    torch.testing.assert_close(chain.parts(chain.mean)[2], chain.parts(chain.mean)[1] @ normal(1, 3, seed=1))
    assert not chain.sample((2,)).requires_grad


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_the_kl_of_chains_in_one_order_is_closed_part_by_part(order):
    q, p = deep(order), deep(order, seed=20)
    z = q.rsample((200_000,), generator=torch.Generator().manual_seed(0)).to(DOUBLE)
    each, whole = chain_kl(q, p, z), q.log_prob(z) - p.log_prob(z)
    assert each.shape == (200_000, 5, 3)
    torch.testing.assert_close(kl_divergence(q, p, z), each.sum(-1))
    error = whole.std(0) / len(z) ** 0.5
    assert ((each.sum(-1).mean(0) - whole.mean(0)).abs() < 5 * error).all()
    place = order[0]
    torch.testing.assert_close(each[0, :, place], kl_divergence(q.first, p.first))
    assert (each.sum(-1).std(0) < whole.std(0)).all()  # a closed form where there was a sample: less noise


def test_the_kl_of_chains_in_two_orders_is_that_of_the_sample():
    q, p = linear_chain()[0], linear_chain((1, 0))[0]
    z = q.sample((7,))
    each = chain_kl(q, p, z)
    torch.testing.assert_close(each.sum(-1), q.log_prob(z) - p.log_prob(z))
    a, b = q.parts(z)
    torch.testing.assert_close(each[:, 0], q.first.log_prob(a) - gaussian(3 * b, 9.0).log_prob(a))
    torch.testing.assert_close(chain_kl(p, q, z), -each)


def test_a_chain_to_itself_costs_nothing():
    q = deep((2, 0, 1))
    assert (chain_kl(q, q, q.sample((3,))) == 0).all()


def test_a_chain_of_codes_has_no_path_for_a_gradient():
    chain = Chain(Code(torch.tensor([1])), [lambda a: Code(2 * a)], (1, 1))
    assert not chain.has_rsample


def test_bad_input():
    first, step = gaussian(torch.zeros(2), 1.0), [lambda a: gaussian(a, 1.0)]
    for sizes in ((2,), (2, 2, 2)):
        refuses(lambda sizes=sizes: Chain(first, step, sizes), "sizes", str(sizes), "2, one for each part", ValueError)
    many = gaussian(torch.zeros(5, 2), 1.0)
    refuses(lambda: Chain(many, step, (3, 2)), "sizes", "(3, 2)", "2 first, the length", ValueError)
    for order in ((0, 0), (1, 2), (-1, 0), (0,)):
        refuses(lambda order=order: Chain(first, step, (2, 2), order), "order", str(order), "places 0 to 1, each once")
    refuses(lambda: Chain(first, step, (2, 2)).log_prob(torch.zeros(3)), "value", "(3,)", "(..., 4)", ValueError)
    other = Chain(gaussian(torch.zeros(1), 1.0), [lambda a: gaussian(a.expand(3), 1.0)], (1, 3))
    refuses(lambda: chain_kl(Chain(first, step, (2, 2)), other, torch.zeros(4)), "p", "[1, 3]", "[2, 2]", ValueError)
