"""The contact sheet of suspected labels: the worst of them as pictures, with what is written and what is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from emoclass.auditing.label_quality import SuspectedLabel
from emoclass.data.images import quiet_decoders, read_picture
from emoclass.errors import UnreadableImageError
from emoclass.reporting.plots.canvas import FAINT, INK, WRONG, drawable, shorten, show, squares

SHOWN = 48
COLUMNS, SIDE = 6, 1.9
PIXELS = 220
"""Of a picture's frame, in both directions: some more than the sheet has dots for it."""
NAME_LENGTH = 30


def draw_contact_sheet(suspects: Sequence[SuspectedLabel], read: Callable[[SuspectedLabel], bytes]) -> Figure:
    """Draw the first 48 suspected labels in rows of six: rank, label and suggestion above, the file's name beneath.

    Args:
        suspects: The most suspicious first.
        read: Returns the encoded image.
    """
    shown = suspects[:SHOWN]
    figure, grid = squares(len(shown), columns=COLUMNS, side=SIDE, above=0.42, below=0.2, head=0.5)
    with quiet_decoders():
        for rank, (axes, suspect) in enumerate(zip(grid, shown, strict=True), start=1):
            _draw(axes, rank, suspect, read)
    of = f"the first {len(shown)} of {len(suspects):,}" if len(suspects) > len(shown) else f"all {len(shown)}"
    height = figure.get_figheight()
    figure.text(0.14 / figure.get_figwidth(), 1 - 0.14 / height, "Labels that the model disagrees with",
                va="top", fontsize=12, color=INK, fontweight="bold")  # fmt: skip
    told = f"{of}, the most suspicious first; the model may be wrong"
    figure.text(0.14 / figure.get_figwidth(), 1 - 0.37 / height, told,
                va="top", fontsize=8.5, color=FAINT)  # fmt: skip
    return figure


def write_contact_sheet(
    suspects: Sequence[SuspectedLabel], read: Callable[[SuspectedLabel], bytes], path: Path
) -> None:
    """Write the sheet as a PNG file; the same pictures give the same bytes."""
    draw_contact_sheet(suspects, read).savefig(path, format="png", metadata={"Software": None})


def _draw(axes: Axes, rank: int, suspect: SuspectedLabel, read: Callable[[SuspectedLabel], bytes]) -> None:
    try:
        picture = read_picture(read(suspect), path=suspect.path)
        # Whole, on a square of one color: a face that was cut off could not be judged.
        show(axes, np.asarray(ImageOps.pad(picture, (PIXELS, PIXELS), Image.Resampling.LANCZOS, color="#eef0f4")))
    except UnreadableImageError as error:
        show(axes, np.full((1, 1, 3), 238, np.uint8))
        axes.text(0.5, 0.5, shorten(error.reason, 28), transform=axes.transAxes, ha="center", fontsize=7, color=FAINT,
                  parse_math=False)  # fmt: skip
    above: dict[str, Any] = {"transform": axes.transAxes, "parse_math": False, "va": "bottom"}
    axes.text(0, 1.115, f"{rank}.  labeled {shorten(suspect.label)}", fontsize=8.5, color=INK, **above)
    axes.text(0, 1.015, f"model: {shorten(suspect.suggestion)} {suspect.suggestion_probability:.0%}", fontsize=8.5,
              color=WRONG, fontweight="bold", **above)  # fmt: skip
    axes.text(0, -0.02, _end(suspect.path), transform=axes.transAxes, va="top", fontsize=6.5, color=FAINT,
              parse_math=False)  # fmt: skip


def _end(path: str) -> str:
    """Return the end of a path, where the file's name is."""
    return drawable(path if len(path) <= NAME_LENGTH else "\N{HORIZONTAL ELLIPSIS}" + path[1 - NAME_LENGTH :])
