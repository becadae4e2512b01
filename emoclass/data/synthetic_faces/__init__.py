"""Synthetic faces that show an emotion: cartoon portraits drawn from random numbers with Pillow.

- `expressions`: what each emotion does to a face, as a table of ranges.
- `pen`: what everything is drawn with: the pen, its outlines, colors and random picks.
- `person`: who is drawn, and how the head is turned.
- `backdrop`: the pattern behind.
- `figure`, `hair`, `features`: the layers of a portrait; the features are the ones that an expression moves.
- `portrait`: puts the layers on each other, then adds light, blur and noise.

All layers share one coordinate system: face units, with the crown at y = -1, the chin at y = 1, and y growing down.
Every random number comes from one generator in a fixed order: to reorder two calls is to draw other pictures.
"""

from __future__ import annotations

from emoclass.data.synthetic_faces.expressions import EXPRESSIONS
from emoclass.data.synthetic_faces.pen import SIZE
from emoclass.data.synthetic_faces.portrait import draw_face

__all__ = ["EXPRESSIONS", "SIZE", "draw_face"]
