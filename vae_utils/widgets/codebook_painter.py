"""Widget: paint the code of a VQ-VAE cell by cell, see the picture it decodes to, and what a prior asks for it."""

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers, Whole
from .parts.host import Widget
from .parts.packing import as_array, gray_levels, one_for_each
from .parts.quantized import ACTIVATIONS, decode, flat, layers_of, rounded_layers, rounding_error, unpack

PRIORS = ("uniform", "independent", "autoregressive")
DIGITS = "0123456789"
MOST_SLOTS, MOST_CODES = 64, 256
GRU = ("code.weight", "slot", "memory.weight_ih_l0", "memory.bias_ih_l0", "memory.weight_hh_l0", "memory.bias_hh_l0",
       "out.weight", "out.bias")  # fmt: skip


class CodebookPainter(Widget):
    """Choose a cell of the code, paint another code into it, or let a prior fill all cells that are not held.

    digit: the test digit to start from.   cells: the code in each slot.   held: 1 where the prior must not paint.
    slot, code: the chosen cell, from 1, and what stands in it.   prior: which one fills, and whose nats are shown.
    fills: the seed of the last filling; another one fills the cells that are not held anew.

    `CodebookPainter.of(decoder, codebook, independent, autoregressive, codes, originals)` packs what was trained.
    """

    module = "codebook_painter"
    sentence = "The code of a digit as cells, the picture it decodes to, and the nats that a prior asks for each cell."

    digit = Choice("0", tuple(DIGITS))
    cells = Numbers([], (None,), 0, MOST_CODES - 1, most=MOST_SLOTS)
    held = Numbers([], (None,), 0, 1, most=MOST_SLOTS)
    slot = Whole(1, 1, MOST_SLOTS)
    code = Whole(0, 0, MOST_CODES - 1)
    prior = Choice("autoregressive", PRIORS)
    fills = Whole(1, 1, 1_000_000)
    activation = Choice("silu", tuple(ACTIVATIONS))
    decoder_sizes = Numbers([], (None,), 1, 10_000)
    hidden = Whole(1, 1, 1000)  # units of the GRU
    weights = Array("int8", (None,))  # the decoder's layers, then the GRU's from its input, from its memory, to logits
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))
    codebook = Array("float32", (None, None))
    logits = Array("float32", (None, None))  # of the independent prior: (slots, codes)
    embedding = Array("float32", (None, None))  # of the GRU: "nothing yet", then each code
    places = Array("float32", (None, None))
    examples = Array("uint8", (10, None))  # the code of one test digit of each class
    originals = Array("uint8", (10, None))
    rounding = Number(0.0, 0, 1)
    rounding_nats = Number(0.0, 0, 100)

    @classmethod
    def of(cls, decoder, codebook, independent, autoregressive, codes, originals, activation="silu", **values):
        """Pack a VQ-VAE and two priors over its codes.

        decoder: list of (weight (outputs, inputs), bias (outputs,)) of its layers, slots * width -> ... -> D logits.
        codebook: (codes, width).   independent: the `logits` (slots, codes) of `models.IndependentCodes`.
        autoregressive: the `state_dict()` of a `models.AutoregressiveCodes`.
        codes: (10, slots), the code of one test digit of each class.   originals: (10, D), these digits, in [0, 1].
        The decoder and the GRU are rounded to 8 bits: `rounding` is the mean absolute change of a decoded pixel,
        `rounding_nats` that of the nats of a code, both over the ten. Raises ValueError when sizes do not fit.
        """
        codebook, logits, codes = as_array(codebook), as_array(independent), as_array(codes)
        _check(codebook, logits, codes)
        originals = gray_levels(originals, "originals")
        ends = logits.shape[0] * codebook.shape[1], originals.shape[-1]
        decoder, sizes = layers_of("decoder", decoder, ends)
        gru = _gru(autoregressive, *logits.shape)
        inputs = codebook[codes].reshape(len(codes), -1)
        start = _start(codes.astype(int), len(codebook), **values)
        return cls(
            decoder_sizes=sizes, activation=activation, rounding=rounding_error(decoder, inputs, activation),
            rounding_nats=_rounding_nats(gru, codes), **flat(decoder, *([layer] for layer in gru["layers"])),
            hidden=gru["layers"][1][0].shape[1], embedding=gru["embedding"], places=gru["places"],
            codebook=codebook, logits=logits, examples=codes,
            originals=one_for_each(originals, "originals", len(codes), "codes"), **start,
        )  # fmt: skip

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        (layers,) = unpack([self.decoder_sizes], self.weights, self.scales, self.biases)
        decoded = decode(layers, self.codebook[self.examples].reshape(10, -1), self.activation)
        axes = (figure := Figure(figsize=(6, 1.4))).subplots()
        plots.image_grid(np.concatenate([self.originals / 255, decoded]), columns=10, ax=axes)
        return plots.show(figure, alt="Ten test digits, and below each what its code decodes to.").svg

    @classmethod
    def example(cls, seed=0):
        """A small untrained VQ-VAE of 4 cells and 8 codes, whose GRU likes to repeat a code, for tests."""
        rng = np.random.default_rng(seed)
        slots, codes, width, hidden = 4, 8, 2, 8
        decoder = [(rng.normal(size=(12, 8)), rng.normal(size=12)), (rng.normal(size=(36, 12)), rng.normal(size=36))]
        gru = {
            "code.weight": np.concatenate([np.zeros((1, codes)), np.eye(codes)]), "slot": np.zeros((slots, codes)),
            "memory.weight_ih_l0": np.concatenate([np.zeros((2 * hidden, codes)), 3 * np.eye(hidden)]),
            "memory.bias_ih_l0": np.repeat([0.0, -6.0, 0.0], hidden), "memory.weight_hh_l0": np.zeros((24, hidden)),
            "memory.bias_hh_l0": np.zeros(24), "out.weight": 4 * np.eye(codes), "out.bias": np.arange(codes) / 4,
        }  # fmt: skip
        first = rng.integers(0, codes, size=(10, 1))
        examples = np.concatenate([first, first, first, (first + 1 + np.arange(10)[:, None] % 7) % codes], 1)
        originals = rng.random((10, 36)).round()
        book = rng.normal(size=(codes, width))
        return cls.of(decoder, book, rng.normal(size=(slots, codes)), gru, examples, originals)


def log_probabilities(gru, z):
    """log p(z_t | z_<t) by a GRU as PyTorch has it: whole numbers (N, slots) -> (N, slots), nats."""
    (w_in, b_in), (w_memory, b_memory), (w_out, b_out) = gru["layers"]
    memory, before, found = np.zeros((len(z), w_memory.shape[1])), np.zeros(len(z), int), []
    for t in range(z.shape[1]):
        fresh = np.split((gru["embedding"][before] + gru["places"][t]) @ w_in.T + b_in, 3, axis=1)
        old = np.split(memory @ w_memory.T + b_memory, 3, axis=1)
        reset, keep = (0.5 * (1 + np.tanh(0.5 * (fresh[k] + old[k]))) for k in (0, 1))
        memory = (1 - keep) * np.tanh(fresh[2] + reset * old[2]) + keep * memory
        logits = memory @ w_out.T + b_out
        most = logits.max(1, keepdims=True)
        logits = logits - most - np.log(np.exp(logits - most).sum(1, keepdims=True))
        found.append(logits[np.arange(len(z)), z[:, t]])
        before = z[:, t] + 1
    return np.stack(found, 1)


def _rounding_nats(gru, codes):
    rounded = {**gru, "layers": rounded_layers(gru["layers"])}
    z = codes.astype(int)
    return float(np.abs(log_probabilities(rounded, z).sum(1) - log_probabilities(gru, z).sum(1)).mean())


def _check(codebook, logits, codes):
    if codebook.ndim != 2 or not 2 <= len(codebook) <= MOST_CODES:
        raise ValueError(f"codebook: got shape {codebook.shape}, expected (codes, width), 2 to {MOST_CODES} codes")
    if logits.ndim != 2 or logits.shape[1] != len(codebook) or not 1 <= len(logits) <= MOST_SLOTS:
        raise ValueError(f"independent: got shape {logits.shape}, expected (slots, {len(codebook)})")
    if codes.shape != (10, len(logits)) or codes.dtype.kind not in "iu":
        raise ValueError(f"codes: got {codes.dtype} {codes.shape}, expected whole numbers (10, {len(logits)})")
    if not (codes.min() >= 0 and codes.max() < len(codebook)):
        raise ValueError(f"codes: got {codes.min()} to {codes.max()}, expected 0 to {len(codebook) - 1}")


def _gru(state, slots, codes):
    if lacking := [name for name in GRU if name not in state]:
        raise ValueError(f"autoregressive: got a dict without {lacking[0]!r}, expected {', '.join(GRU)}")
    embedding, places, *rest = (as_array(state[name]).astype(float) for name in GRU)
    layers = list(zip(rest[::2], rest[1::2], strict=True))
    hidden, width = rest[2].shape[-1], places.shape[-1]
    wanted = [(codes + 1, width), (slots, width), (3 * hidden, width), (3 * hidden,), (3 * hidden, hidden)]
    wanted += [(3 * hidden,), (codes, hidden), (codes,)]
    shapes = [embedding.shape, places.shape, *(array.shape for array in rest)]
    if shapes != wanted:
        raise ValueError(f"autoregressive: got shapes {shapes}, expected {wanted}")
    return {"embedding": embedding, "places": places, "layers": layers}


def _start(examples, codes, **values):
    """The fields that say where a reader starts: the code of the chosen digit, nothing held, the first cell."""
    slots, digit = examples.shape[1], values.get("digit", DIGITS[0])
    if digit not in tuple(DIGITS):
        return values  # the field refuses it
    values = {"cells": examples[int(digit)].tolist(), "held": [0] * slots, "slot": 1, **values}
    for name in ("cells", "held"):
        if len(values[name]) != slots:
            raise ValueError(f"{name}: got {len(values[name])} numbers, expected {slots} of them")
    if not all(0 <= code < codes for code in values["cells"]):
        raise ValueError(f"cells: got {values['cells']}, expected numbers from 0 to {codes - 1}")
    if not 1 <= values["slot"] <= slots:
        raise ValueError(f"slot: got {values['slot']}, expected a whole number from 1 to {slots}")
    return {"code": values["cells"][values["slot"] - 1], **values}
