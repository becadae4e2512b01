"""Ask the command what it sees, as a user would, within the process."""

from __future__ import annotations

import json

from click.testing import CliRunner

from emoclass.cli import cli

ALL = ["photos/a.JPG", "photos/b.png", "photos/deep/er/c.webp"]
"""The images of the folder `photos`, in order."""


def run(*arguments, **options):
    result = CliRunner().invoke(cli, ["predict", *map(str, arguments)], **options)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def listed(*arguments, **options):
    return json.loads(run(*arguments, "--json", **options).stdout)
