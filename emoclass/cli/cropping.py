"""The options of `run` and `evaluate` that crop the faces of photographs first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from emoclass.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--crop", is_flag=True, help="Find the faces of photographs and crop them first: of each photograph "
                 "the largest. Photographs without a face are left out; images that are face crops stay as "
                 "they are."),
    click.option("--all-faces", is_flag=True, help="With --crop: use all faces of a photograph, each with the label of "
                 "the photograph."),
    click.option("--detector", metavar="NAME", help="With --crop: the face detector; 'emoclass detectors list' shows "
                 "those that are installed."),
    click.option("--min-face", type=click.FloatRange(min=0), metavar="PIXELS", help="With --crop: ignore smaller "
                 "faces."),
    click.option("--min-detection", type=click.FloatRange(0, 1), metavar="SCORE", help="With --crop: ignore faces with "
                 "a lower detection score."),
)  # fmt: skip


def crop_options(command: F) -> F:
    """Give a command the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_crop(options: dict[str, Any]) -> dict[str, Any] | None:
    """Take the options out of a command's, and return the keys of `[data.crop]` that they set; None without --crop.

    Raises:
        ConfigError: One of the others is given without --crop.
    """
    crop = options.pop("crop")
    settings = {name: options.pop(name) for name in ("detector", "min_face", "min_detection")}
    settings["largest"] = False if options.pop("all_faces") else None
    given = {name: value for name, value in settings.items() if value is not None}
    if given and not crop:
        option = {"largest": "--all-faces"}.get(next(iter(given)), f"--{next(iter(given)).replace('_', '-')}")
        raise ConfigError(f"{option}: expected --crop as well.", hint="Without --crop, no faces are searched for.")
    return given if crop else None
