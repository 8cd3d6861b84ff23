"""What the tests of models and bounds share: noise in double precision, and models with nothing to guess."""

import torch

from vae_utils.models import LinearVAE

DOUBLE = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=DOUBLE)


def covariance(d, seed=0, batch=()):
    root = normal(*batch, d, d, seed=seed)
    return root @ root.mT + 0.1 * torch.eye(d, dtype=DOUBLE)


def linear_vae(sigma=0.7, data_dim=6, latent_dim=3):
    """A LinearVAE in double precision whose posterior is far from exact."""
    model = LinearVAE(data_dim, latent_dim, sigma=sigma).double()
    with torch.no_grad():
        model.W.copy_(normal(data_dim, latent_dim, seed=1))
        model.V.copy_(0.3 * normal(latent_dim, data_dim, seed=2))
        model.b.copy_(normal(data_dim, seed=3))
        model.logvar.copy_(0.5 * normal(latent_dim, seed=4))
    return model


def parameters(model):
    return torch.cat([parameter.flatten() for parameter in model.state_dict().values()])
