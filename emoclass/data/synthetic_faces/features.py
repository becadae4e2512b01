"""The layers that an expression moves: mouth, nose, eyes, brows."""

from __future__ import annotations

from typing import Any

import numpy as np

from emoclass.data.synthetic_faces.pen import Pen, Points, curve, jitter, luma, mix, oval, pick, shade, taper
from emoclass.data.synthetic_faces.person import Face

_IRISES = ((74, 48, 30), (104, 72, 36), (62, 96, 140), (84, 120, 72), (92, 104, 112))


def mouth(pen: Pen, face: Face) -> None:
    """Lips, what shows between them, and the lines at their corners."""
    move, t = face.move, np.linspace(-1, 1, 33)
    x = t * move["width"]
    middle = face.mouth_y - move["corner"] * (t**2 - 0.45) - move["one_corner"] * np.clip(t * face.side, 0, 1) ** 1.6
    bulge = (1 - t**2) ** move["square"]
    # An opening jaw lowers the lower lip far more than it lifts the upper one.
    top = middle - bulge * move["open"] * 0.3 - move["upper"] * (1 - t**2)
    low = middle + bulge * move["open"] * 0.7 - move["upper"] * 0.4 * (1 - t**2)
    red = mix(shade(face.skin, 0.72), (178, 52, 60), pick(face.rng, 0.25, 0.6))
    dip = 1 - 0.3 * np.exp(-((t / 0.2) ** 2))
    upper_lip = top - move["lips"] * 0.055 * (1 - t**2) ** 0.6 * dip
    lower_lip = low + move["lips"] * 0.08 * (1 - np.abs(t) ** 2.2)

    def between(above: Points, below: Points, color: Any) -> None:
        edge = np.concatenate([np.stack([x, above], axis=1), np.stack([x, below], axis=1)[::-1]])
        pen.fill(face.bend(edge), color)

    between(upper_lip, lower_lip, red)
    between(low, lower_lip, mix(red, (255, 236, 226), 0.14))
    gap = low - top
    if move["open"] > 0:
        between(top, low, (66, 20, 26))
        tongue = np.clip(1 - (t / 0.65) ** 2, 0, 1) * gap * 0.45
        between(low - tongue, low, (190, 80, 88))
        between(top, top + gap * move["teeth"], (246, 243, 236))
        between(low - gap * move["teeth_low"], low, (236, 232, 224))
        if move["teeth_low"] > 0:
            seam = np.stack([x, top + gap * 0.53], axis=1)[4:-4]
            pen.stroke(face.bend(seam), 0.012, (150, 120, 116))
        if move["tongue"] > 0:
            out = 0.6 * np.clip(1 - (t / 0.5) ** 4, 0, 1) ** 0.5
            between(low - out * gap, low + out * move["tongue"] / 0.6, (212, 100, 106))
            pen.stroke(np.array([[0.0, low[16] - 0.02], [0.0, low[16] + move["tongue"] * 0.6]]), 0.014, (160, 66, 76))
    else:
        pen.stroke(face.bend(np.stack([x, middle - move["upper"] * 0.7 * (1 - t**2)], axis=1)), 0.026, shade(red, 0.45))
    for sign in (-1, 1):
        end = np.array([[sign * move["width"], middle[16 + sign * 16]]])
        strong = move["one_corner"] > 0 and sign == face.side
        size = 0.06 if strong else 0.025
        dimple = end + np.array([[0.0, -size], [0.02 * sign, 0.0], [0.0, size]]) + (sign * 0.03, 0)
        pen.stroke(face.bend(dimple), np.array([0.008, 0.024, 0.008]), (*face.line, 220 if strong else 110))
        if move["fold"] > 0.05:
            lean = move["width"] + 0.12
            fold = curve((0.16 * sign, 0.26), (lean * sign, 0.32), ((lean - 0.01) * sign, end[0, 1] - 0.02))
            pen.stroke(face.bend(fold), taper(0.024), (*face.line, int(40 + 130 * move["fold"])))


def nose(pen: Pen, face: Face) -> None:
    """Bridge, base and wings, and the wrinkles of disgust."""
    rng, wrinkle = face.rng, face.move["wrinkle"]
    wide, tip = pick(rng, 0.09, 0.15) + 0.02 * wrinkle, pick(rng, 0.27, 0.34) - 0.04 * wrinkle
    lean = face.yaw * 0.25
    sign = 1 if face.yaw > 0 else -1
    bridge = curve(
        (0.05 * sign, face.eye_y + 0.1), (0.06 * sign + lean, tip - 0.12), (wide * sign * 0.8 + lean, tip - 0.02)
    )
    pen.stroke(face.bend(bridge), taper(0.026), (*face.line, 120))
    base = curve((-wide + lean, tip - 0.03), (lean, tip + 0.08), (wide + lean, tip - 0.03))
    pen.stroke(face.bend(base), taper(0.032), (*face.line, 190))
    for side in (-1, 1):
        pen.fill(face.bend(oval(side * wide * 0.5 + lean, tip, 0.028, 0.018, 14)), (*face.line, 210))
        wing = curve(
            (side * wide * 0.95 + lean, tip - 0.09),
            (side * wide * 1.45 + lean, tip - 0.04),
            (side * wide + lean, tip + 0.01),
        )
        pen.stroke(face.bend(wing), 0.018, (*face.line, 150))
        for row in range(3 if wrinkle > 0 else 0):
            y = face.eye_y + 0.06 + row * 0.065
            crease = curve((0.03 * side, y + 0.02), (0.08 * side, y - 0.01), (0.14 * side, y - 0.055))
            pen.stroke(face.bend(crease), taper(0.022), (*face.line, int(190 * wrinkle)))


def eyes(pen: Pen, face: Face) -> None:
    """Lids, irises, the lines below, and a tear."""
    move, rng, u = face.move, face.rng, np.linspace(-1, 1, 25)
    half, lash = pick(rng, 0.155, 0.19), pick(rng, 0.024, 0.045)
    iris = jitter(rng, _IRISES[rng.integers(len(_IRISES))], 12)
    for sign in (-1, 1):
        slope = 1 - np.clip(move["slant"], 0, 1) * np.clip(u, 0, 1) - np.clip(-move["slant"], 0, 1) * np.clip(-u, 0, 1)
        bow = 1 - u**2
        upper = face.eye_y - 0.122 * move["eye"] * slope * bow**0.65
        lower = np.maximum(face.eye_y + 0.07 * (1 - 1.35 * move["squint"]) * bow, upper + 0.012)

        def place(across: Points, y: Points, sign: int = sign) -> Points:
            return face.bend(np.stack([sign * (face.eye_x + half * across), y], axis=1))

        white = np.concatenate([place(u, upper), place(u, lower)[::-1]])
        pen.fill(white, (250, 247, 242))
        look_x, look_y = move["gaze_x"] * sign * 0.6, face.eye_y - 0.02 + 0.05 * move["gaze_y"]
        for size, color in ((1.0, shade(iris, 0.55)), (0.86, iris), (0.48, (18, 14, 16))):
            # Clamped between the lids instead of masked: a lid then covers the iris at no cost.
            ring = oval(look_x, look_y, 0.088 * size * move["iris"] / half, 0.088 * size * move["iris"], 30)
            ring[:, 0] = np.clip(ring[:, 0], -1, 1)
            ring[:, 1] = np.clip(ring[:, 1], np.interp(ring[:, 0], u, upper), np.interp(ring[:, 0], u, lower))
            pen.fill(place(*ring.T), color)
        if move["eye"] * (1 - 0.5 * move["squint"]) > 0.55:
            glint = oval(look_x * sign + 0.2, look_y - 0.035, 0.13, 0.02, 12)
            glint[:, 1] = np.maximum(glint[:, 1], np.interp(glint[:, 0], u, upper))
            pen.fill(place(glint[:, 0] * sign, glint[:, 1]), (255, 255, 255))
        pen.stroke(place(u, upper), lash * (0.6 + 0.4 * u), (30, 20, 20))
        pen.stroke(place(u, lower), 0.013, (*face.line, 170))
        pen.stroke(place(u[3:-3] * 1.05, upper[3:-3] - 0.05), taper(0.018, 19), (*face.line, 120))
        if move["squint"] > 0.3 or face.age > 0.7:
            bag = np.stack([face.eye_x + half * u, lower + 0.07 + 0.03 * bow], axis=1)[4:-4] * (sign, 1)
            pen.stroke(face.bend(bag), taper(0.02, 17), (*face.line, 110))
        if move["tears"] > 0 and sign == face.side:
            drop = oval(0.3, lower.max() + 0.16, 0.2, 0.05)
            drop[:, 1] -= 0.09 * np.clip(1 - np.abs(drop[:, 0] - 0.3) / 0.12, 0, 1) * (drop[:, 1] < lower.max() + 0.16)
            pen.fill(place(*drop.T), (176, 218, 244, 220))


def brows(pen: Pen, face: Face) -> None:
    """Brows, the upright lines between them and those across the forehead."""
    move, rng = face.move, face.rng
    thick, high = pick(rng, 0.05, 0.09), face.eye_y - pick(rng, 0.22, 0.26)
    color = shade(face.cloth if face.style == "scarf" else face.hair, 0.7)
    if face.style == "scarf" or abs(luma(color) - luma(face.skin)) < 55:
        color = shade(face.skin, 0.4)
    for sign in (-1, 1):
        lift = move["brow_one"] * (sign == face.side)
        inner, outer = high - move["brow_in"] - lift * 0.6, high + 0.02 - move["brow_out"] - lift
        peak = (inner + outer) / 2 - 2 * move["brow_arch"] - lift * 0.5
        brow = curve((0.12 * sign, inner), (0.36 * sign, peak), (0.56 * sign, outer))
        pen.stroke(face.bend(brow), thick * np.linspace(1.0, 0.45, len(brow)), color)
        if move["frown"] > 0:
            crease = curve((0.055 * sign, high - 0.06), (0.03 * sign, high + 0.03), (0.06 * sign, high + 0.13))
            pen.stroke(face.bend(crease), taper(0.024), (*face.line, int(190 * move["frown"])))
    if face.style in ("fringe", "beanie", "scarf"):
        return  # the forehead is covered
    for row in range(2 if move["brow_lines"] > 0 else 0):
        y = high - 0.19 - row * 0.09
        crease = curve((-0.3 + 0.05 * row, y + 0.02), (0, y - 0.03), (0.3 - 0.05 * row, y + 0.02))
        pen.stroke(face.bend(crease), taper(0.018), (*face.line, int(60 + 90 * move["brow_lines"])))
