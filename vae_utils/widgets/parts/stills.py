"""What the still figures of several widgets share."""

import numpy as np


def normal_density(z, mu=0.0, sigma=1.0):
    """The density of N(mu, sigma^2) at every z."""
    return np.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
