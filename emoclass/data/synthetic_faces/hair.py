"""The layers of hair, behind the head and in front of it, and what covers it: beanie and scarf."""

from __future__ import annotations

import numpy as np

from emoclass.data.synthetic_faces.pen import Pen, both, curve, jitter, mix, oval, pick, shade, taper
from emoclass.data.synthetic_faces.person import Face


def hair_behind(pen: Pen, face: Face) -> None:
    """What shows behind the head: a bun, curls, long hair, a scarf."""
    rng, dark, wide = face.rng, shade(face.hair, 0.72), face.half_width
    if face.style == "bald" and face.age > 0.4:
        for sign in (-1, 1):
            pen.fill(oval(sign * wide * 0.98, -0.14, 0.13, 0.26), face.hair)
    elif face.style == "long":
        end = pick(rng, 0.8, 1.6)
        side = np.concatenate([
            curve((wide * 0.7, -0.9), (wide * 1.35, -0.6), (wide * 1.28, 0.2)),
            curve((wide * 1.28, 0.3), (wide * 1.36, end), (wide * 0.5, end + 0.12)),
        ])  # fmt: skip
        pen.fill(both(side), dark)
    elif face.style == "bun":
        radius = pick(rng, 0.22, 0.34)
        pen.fill(oval(pick(rng, -0.25, 0.25), -1.2, radius * 1.1, radius), dark)
    elif face.style == "scarf":
        drape = np.array([[wide * 1.05, 0.0], [wide * 1.12, 0.6], [0.95, 1.4], [0.5, 1.7]])
        pen.fill(both(drape), shade(face.cloth, 0.85))
        pen.fill(face.outline(1.17), face.cloth)
    elif face.style == "curls":
        size = pick(rng, 0.2, 0.32)
        for x, y in face.outline(1.08, np.pi * 0.92, np.pi * 2.08)[::5]:
            pen.fill(oval(x, y, size, size), dark)


def beard(pen: Pen, face: Face) -> None:
    """A beard or a mustache, on about one face in six."""
    kind = face.rng.random()
    if kind > 0.26 or face.style in ("long", "bun", "scarf"):
        return
    # Kept short of the lips: a beard must not hide what the mouth says.
    x = np.linspace(-1, 1, 25)
    if kind < 0.13:
        edge = face.outline(1.02, 0.06, np.pi - 0.06)
        inner = np.stack([x[::-1] * -0.55, 0.86 - 0.6 * np.abs(x) ** 3.5], axis=1)
        pen.fill(np.concatenate([edge, face.bend(inner)]), face.hair)
    else:
        top = face.mouth_y - 0.17
        tash = np.stack([x * 0.24, top + 0.07 * np.abs(x) ** 1.6], axis=1)
        pen.stroke(face.bend(tash), 0.02 + 0.05 * (1 - x**2), face.hair)


def hair_front(pen: Pen, face: Face) -> None:
    """The hair, hat or scarf that lies on the head and frames the forehead."""
    rng, style, wide = face.rng, face.style, face.half_width
    if style == "bald":
        return
    x = np.linspace(-1, 1, 41)
    color = face.cloth if style in ("beanie", "scarf") else face.hair
    # Where the hair ends: over the middle of the forehead, at the temples, and how abruptly it turns down to them.
    low, temple, turn, grow, lift = {
        "crop": (pick(rng, -0.68, -0.56), pick(rng, -0.12, 0.06), 7, 1.03, pick(rng, 1.0, 1.16)),
        "fringe": (-0.37, 0.12, 9, 1.08, 1.02),
        "long": (-0.62, 0.2, 6, 1.1, 1.0),
        "beanie": (-0.44, -0.36, 2, 1.07, pick(rng, 1.05, 1.2)),
        "scarf": (-0.52, 0.2, 4, 1.17, 1.0),
    }.get(style, (pick(rng, -0.66, -0.56), pick(rng, -0.15, 0.05), 5, pick(rng, 1.05, 1.1), pick(rng, 1.0, 1.1)))
    line = low + (temple - low) * np.abs(x) ** turn
    if style in ("part", "long"):
        line = line - 0.24 * np.exp(-(((x - 0.4 * face.side) / 0.3) ** 2)) + 0.12 * (1 - x**2) * (x * face.side < 0.4)
    elif style in ("fringe", "crop"):
        line = line + rng.uniform(-0.05, 0.05, len(x)) * (1 - x**8)
    rise = np.arcsin(np.clip(temple / grow, -1, 1))
    dome = face.outline(grow, np.pi - rise, 2 * np.pi + rise)
    dome[:, 1] = np.where(dome[:, 1] < 0, dome[:, 1] * lift, dome[:, 1])
    pen.fill(np.concatenate([dome, np.stack([x * wide * 0.97, line], axis=1)[::-1]]), color)
    if style == "curls":
        size = pick(rng, 0.13, 0.2)
        for px, py in np.concatenate([dome[::6], np.stack([x * wide * 0.88, line - 0.14], axis=1)[4:-4:4]]):
            pen.fill(oval(px, py, size, size), jitter(rng, color, 10))
    elif style == "beanie":
        band = np.concatenate(
            [np.stack([x * wide * 1.03, line + edge], axis=1)[::flip] for edge, flip in ((0.02, 1), (-0.2, -1))]
        )
        pen.fill(band, shade(color, 0.78))
        for rib in range(2, 40, 3):
            pen.stroke(np.array([band[rib], band[-1 - rib]]), 0.012, shade(color, 0.68))
    elif style == "scarf":
        pen.stroke(face.outline(1.05, -0.2, np.pi + 0.2), 0.16, color)
        pen.stroke(np.stack([x * wide * 0.9, line], axis=1), 0.03, shade(color, 0.75))
    else:
        for height, alpha in ((0.92, 60), (0.84, 35)):
            shine = dome[24:-24] * (0.8, height)
            pen.stroke(shine, taper(0.07, len(shine)), (*mix(color, (255, 255, 255), 0.5), alpha))
        for start in rng.uniform(-0.8, 0.8, 6):
            strand = curve((start * 0.3, -0.94), (start * 0.6, -0.88), (start * wide * 0.9, -0.7))
            pen.stroke(strand, taper(0.02), (*shade(color, 0.6), 120))
    if style == "long":
        for sign in (-1, 1):
            lock = curve(
                (sign * wide * 0.86, -0.5), (sign * wide * 1.22, 0.1), (sign * wide * 1.08, pick(rng, 0.6, 1.1))
            )
            pen.stroke(lock, 0.05 + 0.2 * np.sin(np.linspace(0.2, np.pi, len(lock))), color)
