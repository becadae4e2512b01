"""What each emotion does to a face: ranges, after the facial muscle movements that people read.

Raised cheeks, lowered brows, one lip corner: what an emotion does not name stays at rest.
"""

from __future__ import annotations

from collections.abc import Mapping

Range = tuple[float, float]

REST: Mapping[str, Range] = {
    "brow_in": (-0.02, 0.02),  # lift of the brow's inner end; face units, up is positive
    "brow_out": (-0.02, 0.02),  # lift of its outer end
    "brow_arch": (0.02, 0.06),  # how far its middle rises above both
    "brow_one": (0.0, 0.0),  # additional lift on one side
    "eye": (0.85, 1.05),  # opening of the upper lid; 1 is at rest
    "slant": (-0.1, 0.1),  # lid falls toward the temple (positive) or the nose (negative)
    "squint": (0.0, 0.15),  # lower lid raised
    "iris": (0.95, 1.05),  # size; 1 is at rest
    "gaze_x": (-0.25, 0.25),
    "gaze_y": (-0.1, 0.1),  # down is positive
    "width": (0.24, 0.31),  # half the mouth's width
    "corner": (0.0, 0.03),  # lift of the lip corners
    "one_corner": (0.0, 0.0),  # additional lift on one side
    "open": (0.0, 0.0),  # height of the gap between the lips
    "square": (0.5, 0.5),  # outline of the gap: 1 pointed, 0.5 an ellipse, 0.2 nearly a box
    "upper": (0.0, 0.0),  # upper lip pulled toward the nose
    "lips": (0.9, 1.15),  # thickness; 1 is at rest
    "teeth": (0.0, 0.0),  # share of the gap that upper teeth fill
    "teeth_low": (0.0, 0.0),  # and lower teeth
    "tongue": (0.0, 0.0),  # how far it hangs out
    "wrinkle": (0.0, 0.0),  # nose
    "fold": (0.0, 0.15),  # line from nose to lip corner
    "frown": (0.0, 0.0),  # upright lines between the brows
    "brow_lines": (0.0, 0.0),  # lines across the forehead
    "tears": (-1.0, 0.0),  # drawn where positive
}
"""Every movement, with its range in a face at rest."""

_HAPPY: Mapping[str, Range] = {
    "brow_in": (0.0, 0.05), "brow_out": (-0.01, 0.03), "brow_arch": (0.04, 0.09), "eye": (0.6, 0.95),
    "squint": (0.45, 1.05), "corner": (0.15, 0.22), "width": (0.33, 0.42), "fold": (0.4, 0.9),
}  # fmt: skip
_SAD: Mapping[str, Range] = {
    "brow_in": (0.08, 0.16), "brow_out": (-0.1, -0.04), "brow_arch": (-0.02, 0.02), "eye": (0.6, 0.85),
    "slant": (0.35, 0.6), "gaze_y": (0.05, 0.4), "corner": (-0.2, -0.12), "width": (0.22, 0.3), "lips": (0.8, 1.1),
    "fold": (0.1, 0.5), "brow_lines": (-0.5, 0.6), "tears": (-1.0, 0.6),
}  # fmt: skip
_ANGRY: Mapping[str, Range] = {
    "brow_in": (-0.17, -0.11), "brow_out": (0.04, 0.12), "brow_arch": (-0.01, 0.03), "eye": (0.75, 1.05),
    "slant": (-0.75, -0.5), "squint": (0.2, 0.5), "iris": (0.85, 1.0), "gaze_y": (-0.05, 0.1), "frown": (0.6, 1.0),
    "fold": (0.2, 0.6),
}  # fmt: skip
_SCARED: Mapping[str, Range] = {
    "brow_in": (0.14, 0.2), "brow_out": (0.02, 0.07), "brow_arch": (-0.02, 0.01), "eye": (1.35, 1.6),
    "slant": (0.0, 0.2), "squint": (-0.5, -0.2), "iris": (0.62, 0.8), "width": (0.32, 0.4), "corner": (-0.09, -0.03),
    "brow_lines": (0.2, 1.0), "fold": (0.2, 0.5),
}  # fmt: skip
_SURPRISED: Mapping[str, Range] = {
    "brow_in": (0.1, 0.17), "brow_out": (0.1, 0.16), "brow_arch": (0.09, 0.14), "eye": (1.3, 1.6),
    "squint": (-0.5, -0.2), "iris": (0.8, 0.95), "width": (0.13, 0.2), "open": (0.22, 0.4), "corner": (-0.02, 0.02),
    "brow_lines": (-0.3, 0.8), "fold": (0.0, 0.1),
}  # fmt: skip
_DISGUSTED: Mapping[str, Range] = {
    "brow_in": (-0.09, -0.05), "brow_out": (-0.05, 0.0), "eye": (0.42, 0.62), "slant": (-0.15, 0.1),
    "squint": (0.6, 0.9), "wrinkle": (0.75, 1.0), "upper": (0.07, 0.11), "fold": (0.8, 1.0),
    "corner": (-0.14, -0.08), "width": (0.25, 0.33), "gaze_x": (-0.5, 0.5),
}  # fmt: skip
_CONTEMPT: Mapping[str, Range] = {
    "brow_one": (0.05, 0.14), "eye": (0.55, 0.75), "gaze_x": (-0.5, 0.5), "one_corner": (0.13, 0.19),
    "width": (0.25, 0.32), "lips": (0.65, 0.95), "corner": (-0.03, 0.0),
}  # fmt: skip
_TEETH: Mapping[str, Range] = {"teeth": (0.42, 0.5), "teeth_low": (0.36, 0.5)}

EXPRESSIONS: Mapping[str, tuple[Mapping[str, Range], ...]] = {
    "happy": (
        _HAPPY,
        {**_HAPPY, "open": (0.09, 0.15), "teeth": (0.75, 1.0), "square": (0.6, 0.9)},
        {**_HAPPY, "open": (0.18, 0.28), "teeth": (0.3, 0.5), "square": (0.55, 0.8)},
    ),
    "sad": (_SAD, {**_SAD, "open": (0.03, 0.08), "square": (0.5, 0.8)}),
    "angry": (
        {**_ANGRY, "lips": (0.35, 0.6), "corner": (-0.08, -0.03), "width": (0.22, 0.3)},
        {**_ANGRY, **_TEETH, "open": (0.13, 0.22), "square": (0.2, 0.35), "corner": (-0.07, 0.0), "lips": (0.6, 0.9)},
    ),
    "scared": (
        {**_SCARED, **_TEETH, "open": (0.08, 0.14), "square": (0.4, 0.6)},
        {**_SCARED, "open": (0.14, 0.22), "square": (0.5, 0.7), "teeth": (0.1, 0.3)},
    ),
    "surprised": (_SURPRISED, {**_SURPRISED, "width": (0.17, 0.23), "teeth": (0.1, 0.2)}),
    "disgusted": (
        _DISGUSTED,
        {**_DISGUSTED, "open": (0.05, 0.1), "teeth": (0.5, 0.8), "square": (0.3, 0.5)},
        {**_DISGUSTED, "open": (0.08, 0.12), "upper": (0.03, 0.06), "corner": (-0.1, -0.05), "tongue": (0.1, 0.16)},
    ),
    "neutral": ({},),
    "contemptuous": (_CONTEMPT,),
}
"""Emotion -> its variants; each names the ranges in which it leaves the face at rest."""
