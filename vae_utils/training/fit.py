"""The loop of the book: maximize an objective."""

import warnings
from functools import partial

import torch

from ..arguments import non_negative, positive, real_number, whole_number
from ..objectives import elbo
from .run import Run


def fit(
    model, x, y=None, *, epochs=None, steps=None, batch_size=128, lr=2e-3, beta=1.0, objective=elbo,
    schedule="one-cycle", optimizer=None, seed=0, device=None, progress=None, callback=None, autocast=None,
    checkpoint=None, every=200,
):  # fmt: skip
    """Maximize an objective over x (N, D), by Adam unless told otherwise, and return the `History`.

    epochs or steps: how long, one of the two.      lr: the peak of the "one-cycle" schedule, or "constant".
    beta: a number, or a function of progress in [0, 1]; for `objectives.level_elbo` a tuple of these, one a level.
    objective: `objective(model, x, y, beta=...)` -> Terms, in nats per example; `elbo` unless given.
    optimizer: called as optimizer(parameters, lr=lr), such as `torch.optim.SGD`; Adam unless given.
    batch_size, seed, device, progress, callback, autocast, checkpoint, every: as for `Run`, on which this loop stands.
    The same seed gives the same result, and the global random state stays as it was. Ctrl-C ends the training early
    and keeps what was learned. The model comes back in eval mode, on the device it came from.
    Raises FloatingPointError when the loss is NaN or infinite, TypeError or ValueError for bad arguments. Warns of
    parameters that get no gradient.
    """
    beta, lr = _weights(beta), positive(lr, "lr")
    how = {"epochs": epochs, "steps": steps, "batch_size": batch_size, "seed": seed, "device": device}
    how |= {"progress": progress, "callback": callback, "autocast": autocast}
    with Run(model, x, y, checkpoint=checkpoint, every=every, **how) as run:
        optimizer = _optimizer(optimizer, model, lr, run.device)
        rate = _rate(optimizer, schedule, lr, run.total)
        run.keep(optimizer=optimizer, rate=rate)
        run.expect(lr=lr, beta=beta, objective=objective, schedule=schedule, optimizer=type(optimizer).__name__)
        for batch in run:
            weight = _at(beta, batch.progress)
            terms = objective(model, batch.x, batch.y, beta=weight)
            loss = -terms.elbo.mean()
            reconstruction, kl = terms.reconstruction.mean(), terms.kl.mean()
            seen = {"loss": loss, "elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
            run.record(**seen, **_each("beta", weight), **_each("kl", _levels(terms)))
            optimizer.zero_grad()
            loss.backward()
            if batch.step == 0:
                _warn_of_the_untrained(model)
            optimizer.step()
            rate.step()
    return run.history


def fit_encoder_first(
    model, x, y=None, *, steps, encoder_steps=4, share=0.5, batch_size=128, lr=5e-3, seed=0, device=None,
    progress=None, callback=None,
):  # fmt: skip
    """Maximize the ELBO with an encoder that may keep up: the aggressive training of He et al. (2019).

    In the first `share` of `steps` the encoder takes `encoder_steps` steps of Adam, each on its own batch, for every
    step of the rest of the model, so that q(z | x) stays close to the true posterior while that still moves; then one
    each. (He et al. stop when the mutual information no longer rises.) Returns the `History`, one row a batch; other
    arguments, errors and `callback` as for `fit`.
    """
    whole_number(steps, "steps")
    whole_number(encoder_steps, "encoder_steps")
    eager = round(steps * real_number(share, "share", lambda part: 0 <= part <= 1, "in [0, 1]"))
    of_encoder = list(model.encoder.parameters())
    rest = [parameter for parameter in model.parameters() if not any(parameter is one for one in of_encoder)]
    how = {"steps": eager * encoder_steps + steps - eager, "batch_size": batch_size, "seed": seed, "device": device}
    with Run(model, x, y, progress=progress, callback=callback, **how) as run:
        encoder, others = torch.optim.Adam(of_encoder, lr=lr), torch.optim.Adam(rest, lr=lr)
        for batch in run:
            terms = elbo(model, batch.x, batch.y)
            loss = -terms.elbo.mean()
            run.record(loss=loss, elbo=-loss, reconstruction=terms.reconstruction.mean(), kl=terms.kl.mean())
            encoder.zero_grad()
            others.zero_grad()
            loss.backward()
            encoder.step()
            if batch.step >= eager * encoder_steps or (batch.step + 1) % encoder_steps == 0:
                others.step()
    return run.history


def _weights(beta):
    """A function as it is, a number as a float; a tuple for several of them."""
    if isinstance(beta, tuple | list):
        return tuple(map(_weights, beta))
    return beta if callable(beta) else non_negative(beta, "beta", ">= 0, or a function of progress")


def _at(beta, progress):
    """beta at this moment: a number, or a tuple of one for each level."""
    if isinstance(beta, tuple):
        return tuple(_at(each, progress) for each in beta)
    return non_negative(beta(progress) if callable(beta) else beta, "beta")


def _levels(terms):
    """What each level adds to the KL, averaged over the batch: a tuple, empty where the objective tells of none."""
    levels = getattr(terms, "levels", None)
    return () if levels is None else tuple(levels.mean(0))


def _each(name, value):
    """{name: value}, or {name_1: ..., name_2: ...} for a tuple."""
    return {f"{name}_{level}": one for level, one in enumerate(value, 1)} if isinstance(value, tuple) else {name: value}


def _optimizer(optimizer, model, lr, device):
    if not (optimizer is None or callable(optimizer)):
        raise TypeError(f"optimizer: got {optimizer!r}, expected what can be called as optimizer(parameters, lr=lr)")
    adam = partial(torch.optim.Adam, fused=device.type in ("cpu", "cuda"))
    made = (optimizer or adam)(model.parameters(), lr=lr)
    if isinstance(made, torch.optim.LBFGS):
        raise TypeError("optimizer: got LBFGS, which wants to call the loss itself, expected one of first order")
    return made


def _rate(optimizer, schedule, lr, total):
    if schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    if schedule == "one-cycle":
        has_betas = "betas" in optimizer.defaults  # as Adam: its momentum falls while the learning rate rises
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total + 1, cycle_momentum=has_betas)
    raise ValueError(f"schedule: got {schedule!r}, expected 'one-cycle' or 'constant'")


def _warn_of_the_untrained(model):
    idle = [name for name, each in model.named_parameters() if each.requires_grad and each.grad is None]
    if idle:
        named = ", ".join(idle[:3]) + (", ..." if len(idle) > 3 else "")
        warnings.warn(f"The objective gives no gradient to {named}: these weights are not trained.", stacklevel=3)
