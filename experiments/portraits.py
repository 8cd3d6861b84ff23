"""Experiments on colored portraits, as functions of a seed that return {name: number}: odd pictures and features."""

import functools
import io
import math

import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from vae_utils import data, evaluation, models

from .setting import fit

SIZE, SHOWN, LABELED = 24, 200, 50


def noise(seed):
    return torch.Generator().manual_seed(seed)


def in_levels(x):
    return (255 * x.clamp(0, 1)).round() / 255


def portraits(n, seed, grain=0.03):
    x, factors = data.faces(n, SIZE, seed=seed)
    warm, cold = torch.tensor([[1.0, 0.85, 0.6], [0.6, 0.85, 1.0]])
    light = cold + torch.rand(n, 1, generator=noise(seed + 100)) * (warm - cold)
    x = (x[:, None] * light[:, :, None]).flatten(1)
    return in_levels(x + grain * torch.randn(x.shape, generator=noise(seed + 200))), factors


@functools.cache
def pictures():
    """(x, factors) to learn from, and the same unseen."""
    return portraits(1500, 0), portraits(500, 1)


def trained(seed):
    model = models.conv_vae(
        8, 16, "gaussian", "optimal", activation=nn.SiLU, seed=seed, size=SIZE, color=True
    )  # fmt: skip
    fit(model, pictures()[0][0], steps=800, batch_size=32, lr=1e-2, seed=seed)
    return model


def misled(seed):
    model, ((train, _), (unseen, _)) = trained(seed), pictures()
    model.observation = models.DiscretizedGaussianObservation(256, model.observation.logvar.div(2).exp().item())
    some = unseen[:SHOWN].view(-1, 3, SIZE, SIZE)
    odd = {
        "upside down": some.flip(2).flatten(1),
        "no color": some.mean(1, keepdim=True).expand_as(some).flatten(1),
        "no grain": portraits(500, 1, grain=0)[0][:SHOWN],
        "the average face": train.mean(0).expand(SHOWN, -1),
    }
    pairs = {name: both_scores(model, in_levels(x)) for name, x in odd.items()}
    usual, found = both_scores(model, some.flatten(1)), {}
    for place, score in enumerate(("log p(x)", "beyond PNG")):
        for name, pair in pairs.items():
            found[f"{score}, {name}"] = auroc(usual[place], pair[place])
    return found


def both_scores(model, x):
    log_p = evaluation.log_likelihood(model, x, k=5, generator=noise(0))
    return log_p, log_p + torch.tensor([png_nats(picture) for picture in x.view(-1, 3, SIZE, SIZE)])


def png_nats(picture):
    file = io.BytesIO()
    Image.fromarray((255 * picture).round().byte().permute(1, 2, 0).numpy()).save(file, "PNG")
    return 8 * file.tell() * math.log(2)


def auroc(usual, odd):
    return roc_auc_score([1] * len(usual) + [0] * len(odd), torch.cat([usual, odd]))


def features(seed):
    model, ((train, factors), (unseen, truth)) = trained(seed), pictures()
    pca = PCA(8, random_state=0).fit(train.numpy())
    with torch.no_grad():
        makers = {"VAE": lambda x: model.posterior(x).mean.numpy(), "PCA": lambda x: pca.transform(x.numpy())}
        made = {name: (make(train), make(unseen)) for name, make in makers.items()}
    return {
        f"{factor}, {name}": accuracy(*both, factors[:, place] > 0, truth[:, place] > 0)
        for place, factor in enumerate(data.FACE_FACTORS)
        for name, both in made.items()
    }


def accuracy(x, new, y, truth, draws=5):
    shares = []
    for draw in range(draws):
        some = torch.randperm(len(x), generator=noise(draw))[:LABELED].numpy()
        told = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x[some], y[some])
        shares.append(told.score(new, truth))
    return sum(shares) / draws
