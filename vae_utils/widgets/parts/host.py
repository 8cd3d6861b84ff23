"""Shows one widget anywhere: an AnyWidget where a kernel is alive, self-contained HTML in the built book.

A widget is a subclass of `Widget` that names its module and its fields, and an ES module of the same name:

    class KL(Widget):
        module = "kl"                          # kl.mjs beside the file of this class
        sentence = "Two densities and the KL divergence between them."
        mu = Number(1.0, -3, 3)

    w = KL(mu=0.5)
    w.mu = 2                                   # checked; moves the slider where a kernel is alive

Fields are traits, so `w.observe(handler, names="mu")` and `traitlets.link((w, "mu"), (slider, "value"))` work as with
any widget of Jupyter. Without a kernel: with `VAE_BOOK=1` in the environment a widget is shown as HTML that needs none.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import ClassVar

import numpy as np
from traitlets import All, HasTraits, TraitError, Undefined

from ...surroundings import on_a_static_page
from .bundle import bundle, read
from .fields import Array, Field

_copies: Counter[str] = Counter()


class Widget(HasTraits):
    """Base of every widget: fields checked on assignment, shown as HTML or as a live AnyWidget.

    Class attributes
        module:   name of the ES module, without suffix.
        worker:   name of a module that runs in a Web Worker, or None; its source arrives as `worker_source`.
        sentence: what a reader without JavaScript is told.
        constants: numbers and words that Python and the module share.

    Raises TypeError for an unknown or a missing field, and whatever a field raises: TypeError or ValueError, which are
    TraitErrors as well.
    """

    module = ""
    worker: str | None = None
    sentence = ""
    constants: ClassVar[dict] = {}
    _live = None

    def __init__(self, **values):
        fields = self.fields()
        for name in values:
            if not self.has_trait(name):
                kind = type(self).__name__
                raise TypeError(f"{name}: got a value, expected none: {kind} has the fields {', '.join(fields)}")
        for name, field in fields.items():
            if field.default_value is Undefined and name not in values:
                raise TypeError(f"{name}: got nothing, expected {field.expected}")
        super().__init__(**values)
        turned = (name for name, field in fields.items() if not isinstance(field, Array))
        self._start = {name: deepcopy(getattr(self, name)) for name in turned}

    @classmethod
    def fields(cls) -> dict[str, Field]:
        """The fields of this class by name, base classes first, in the order in which they are written."""
        return {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Field)
        }

    def still(self) -> str:
        """HTML of a figure for readers without JavaScript; none by default."""
        return ""

    def observe(self, handler, names=All, type="change") -> None:
        """As in traitlets: `handler(change)` hears every change, from Python or from the page, in `change.new`.

        Raises ValueError for a name that is no field.
        """
        for name in () if names is All else [names] if isinstance(names, str) else names:
            if not self.has_trait(name):
                raise ValueError(f"names: got {name!r}, expected fields: {', '.join(self.fields())}")
        super().observe(handler, names, type)

    def _to_page(self, change) -> None:
        setattr(self._live, change["name"], _wire(change["new"]))

    def _from_page(self, change) -> None:
        """A value that the field refuses goes no further: the page is set back to the one that holds."""
        name = change["name"]
        if change["new"] == _wire(getattr(self, name)):
            return
        try:
            value = self.fields()[name].check(change["new"])
        except TraitError:
            setattr(self._live, name, _wire(getattr(self, name)))
        else:
            setattr(self, name, value)

    def _payload(self, encode: Callable) -> dict:
        """Everything the module reads: the fields now and at the start, limits, constants, the worker's source."""
        payload = {name: encode(getattr(self, name)) for name in self.fields()}
        payload["constants"] = self.constants
        payload["start"] = self._start
        payload["limits"] = {name: field.limits() for name, field in self.fields().items() if field.limits()}
        if self.worker:
            payload["worker_source"] = bundle(self.worker)
        return payload

    def live(self):
        """The AnyWidget that mirrors this widget in a running kernel, made on first use."""
        if self._live is None:
            self._live = _any_widget(self)
            self.observe(self._to_page, names=list(self.fields()))
            self._live.observe(self._from_page, names=list(self.fields()))
        return self._live

    def to_html(self) -> str:
        """Self-contained HTML: the module, its data and a small model, needing no kernel and no network."""
        payload = json.dumps(self._payload(_text), sort_keys=True, allow_nan=False)
        digest = hashlib.sha256(f"{self.module}{payload}".encode()).hexdigest()[:10]
        _copies[digest] += 1
        identity = f"vae-{self.module}-{digest}-{_copies[digest]}"
        arguments = _script([identity, bundle(self.module), json.loads(payload), _style()])
        script = f"(() => {{\n{bundle('parts/page_model')}\nmount(...{arguments});\n}})();"
        still = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{identity}-", _styled_still(self))  # one id in one place
        return (
            f'<div class="vae-widget" id="{identity}" data-widget="{self.module}"><noscript>'
            f"<p>{html.escape(self.sentence)} This figure moves when JavaScript is switched on.</p>{still}"
            f"</noscript></div>\n<script>{script}</script>"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        text = {"text/plain": repr(self)}
        if on_a_static_page():
            return {"text/html": self.to_html(), **text}
        data, metadata = self.live()._repr_mimebundle_() or ({}, {})
        return {**data, "text/html": _picture(self), **text}, metadata

    def __getstate__(self):
        """A copy, or a pickle, is not shown anywhere."""
        return {**super().__getstate__(), "_live": None}

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in self.fields()}
        shown = [f"{k}={v!r}" for k, v in values.items() if isinstance(v, (int, float, str)) and len(str(v)) < 40]
        return f"{type(self).__name__}({', '.join(shown)})"


def _wire(value):
    """A value as ipywidgets sends it: arrays as raw bytes with dtype and shape."""
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": value.tobytes()}
    return value


def _text(value):
    """A value as the page's JSON holds it: arrays as base64."""
    if isinstance(value, np.ndarray):
        return {**_wire(value), "data": base64.b64encode(value.tobytes()).decode()}
    return value


def _styled_still(widget: Widget) -> str:
    if type(widget).still is Widget.still:
        return ""
    import matplotlib

    from ... import plots

    with matplotlib.rc_context():
        plots.use_style()
        return widget.still()


def _picture(widget: Widget) -> str:
    """What stays of a live widget in a saved notebook where no kernel runs: its still figure and its sentence."""
    still = _styled_still(widget)
    image = as_image(still) if still else ""
    return f"{image}<p>{html.escape(widget.sentence)} This figure moves where a kernel runs.</p>"


def as_image(svg: str, alt: str = "") -> str:
    """A figure as an image on paper of its own: what shows a notebook of others' making lets no inline SVG through.

    alt: as it stands in HTML.
    """
    on_paper = svg.replace('style="', 'style="background:#fff;color:#1f2328;', 1)
    data = base64.b64encode(on_paper.encode()).decode()
    width = round(4 / 3 * float(re.search(r"max-width:([\d.]+)pt", svg)[1]))
    return f'<img width="{width}" alt="{alt}" src="data:image/svg+xml;base64,{data}">'


def _style() -> str:
    return read("parts/widget.css")


def _script(value) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, sort_keys=True).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _any_widget(widget: Widget):
    import anywidget
    import traitlets

    payload = widget._payload(_wire)
    traits = {name: traitlets.Any(value).tag(sync=True) for name, value in payload.items()}
    body = {"_esm": bundle(widget.module), "_css": _style(), **traits}
    return type(type(widget).__name__, (anywidget.AnyWidget,), body)()
