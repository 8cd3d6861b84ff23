"""Widget: a face drawn live from five numbers, by the same formulas that draw the data set."""

from .parts.fields import Number
from .parts.host import Widget


class Face(Widget):
    """Five standard normal factors and the picture they make; 0 is the average face, each factor lies in [-3, 3]."""

    module = "face"
    sentence = "A face drawn from five numbers: width, nose size, hair darkness, smile and age."

    width = Number(0.6, -3, 3)
    nose = Number(-0.4, -3, 3)
    hair = Number(1.0, -3, 3)
    smile = Number(1.4, -3, 3)
    age = Number(-0.6, -3, 3)

    def still(self) -> str:
        import torch
        from matplotlib.figure import Figure

        from .. import plots
        from ..data import FACE_FACTORS, render_faces

        factors = torch.tensor([[getattr(self, name) for name in FACE_FACTORS]])
        axes = (figure := Figure(figsize=(2.4, 2.4))).subplots()
        plots.image_grid(render_faces(factors, 64), columns=1, ax=axes)
        return plots.show(figure, alt="The face that the five numbers draw at the start.").svg
