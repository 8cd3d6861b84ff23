"""Widget: a face drawn live from five numbers, by the same formulas that draw the data set."""

from .fields import Number
from .host import Widget


class Face(Widget):
    """Five standard normal factors and the picture they make; 0 is the average face, each factor lies in [-3, 3]."""

    module = "face"
    sentence = "A face drawn from five numbers: width, nose size, hair darkness, smile and age."

    width = Number(0.6, -3, 3)
    nose = Number(-0.4, -3, 3)
    hair = Number(1.0, -3, 3)
    smile = Number(1.4, -3, 3)
    age = Number(-0.6, -3, 3)
