"""Who is drawn and how the head is turned: chosen at random once, then read by every layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emoclass.data.synthetic_faces.expressions import EXPRESSIONS, REST
from emoclass.data.synthetic_faces.pen import Color, Points, jitter, luma, mix, palette, pick, shade

_SKINS = (
    (255, 224, 196), (244, 205, 172), (232, 184, 142), (214, 160, 116), (186, 130, 88), (150, 98, 64), (112, 72, 48),
)  # fmt: skip
_HAIRS = (
    (28, 24, 26), (58, 38, 28), (96, 60, 36), (140, 84, 44), (166, 72, 36), (214, 170, 96), (158, 156, 158),
    (228, 226, 222),
)  # fmt: skip
_STYLES = ("bald", "crop", "part", "fringe", "long", "curls", "bun", "beanie", "scarf")


@dataclass(frozen=True)
class Face:
    """Who is drawn and how the face is held: everything that two layers must agree on."""

    rng: np.random.Generator
    move: Mapping[str, float]
    half_width: float
    jaw: float
    chin: float
    yaw: float
    side: int
    skin: Color
    hair: Color
    cloth: Color
    style: str
    eye_x: float
    eye_y: float
    mouth_y: float
    age: float

    @property
    def line(self) -> Color:
        """The color of lines in the face."""
        return shade(self.skin, 0.42)

    def outline(self, grow: float = 1.0, start: float = 0.0, stop: float = 2 * np.pi) -> Points:
        """Points around the head; angle 0 is the right ear and angles grow over the chin."""
        angle = np.linspace(start, stop, 72)
        x, y = np.cos(angle), np.sin(angle)
        low = np.clip(y, 0, 1)
        x = np.sign(x) * np.abs(x) ** (1 - 0.35 * self.jaw * low) * (1 - 0.12 * (1 - self.jaw) * low)
        return np.stack([x * self.half_width, y * np.where(y > 0, self.chin, 1.0)], axis=1) * grow

    def bend(self, points: Points) -> Points:
        """Turn features around the head's axis, so that yaw hides one cheek and shows the other."""
        across = np.clip(points[:, 0] / (self.half_width * 1.15), -1, 1)
        x = self.half_width * 1.15 * np.sin(np.arcsin(across) + self.yaw)
        return np.stack([x, points[:, 1]], axis=1)


def person(emotion: str, rng: np.random.Generator) -> Face:
    """Decide everything about a face but its place in the picture."""
    variants = EXPRESSIONS[emotion]
    ranges = {**REST, **variants[rng.integers(len(variants))]}
    style = _STYLES[rng.integers(len(_STYLES))]
    tone = pick(rng, 0, len(_SKINS) - 1.001)
    skin = mix(_SKINS[int(tone)], _SKINS[int(tone) + 1], tone % 1)
    hair = palette(rng)() if rng.random() < 0.08 else jitter(rng, _HAIRS[rng.integers(len(_HAIRS))], 14)
    if abs(luma(hair) - luma(skin)) < 45:
        hair = shade(hair, 0.45)  # hair of the skin's own brightness reads as a bald head
    cloth = palette(rng)()
    if sum(abs(a - b) for a, b in zip(cloth, skin, strict=True)) < 120:
        cloth = shade((cloth[2], cloth[1], cloth[0]), 0.6)  # nor should a scarf or a shirt look like skin
    return Face(
        rng=rng, move={name: pick(rng, *limits) for name, limits in ranges.items()},
        half_width=pick(rng, 0.68, 0.84), jaw=pick(rng, 0, 1), chin=pick(rng, 0.92, 1.06), yaw=pick(rng, -0.3, 0.3),
        side=1 if rng.random() < 0.5 else -1, skin=skin, hair=hair, cloth=cloth, style=style,
        eye_x=pick(rng, 0.3, 0.36), eye_y=pick(rng, -0.12, -0.02), mouth_y=pick(rng, 0.53, 0.6),
        age=pick(rng, 0, 1),
    )  # fmt: skip
