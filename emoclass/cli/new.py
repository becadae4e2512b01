"""`emoclass plugins new`: write a plugin to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from emoclass.cli.output import say
from emoclass.values.kinds import kind_names

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Create a plugin: a package with tests, or one file. It works as generated; adapt it to your needs.

\b
emoclass plugins new my-faces --kind dataset --kind model --kind metric --kind recipe
emoclass plugins new my-faces --kind model,recipe --one-file
emoclass plugins new my-finder --kind detector
"""


@click.command("new", help=HELP)
@click.argument("name")
@click.option("--kind", "kinds", metavar="KIND", multiple=True,
              help=f"What it provides: {kind_names()}. May be repeated.")  # fmt: skip
@click.option("--one-file", is_flag=True, help="Write NAME.py instead of the package emoclass-NAME/.")
@click.option("--out", metavar="DIR", default=".", show_default=True, help="Output folder; created if missing.")
def new(name: str, kinds: tuple[str, ...], one_file: bool, out: str) -> None:
    """Write the plugin, and print what to type next."""
    from emoclass.plugin.registry import Registry
    from emoclass.scaffold.new import check_kinds, write_plugin

    chosen = check_kinds(kind.strip() for each in kinds for kind in each.split(","))
    files = write_plugin(name, chosen, registry=Registry.discover(), out=Path(out), one_file=one_file)
    click.echo("Wrote:")
    for file in files:
        say(f"  {file}")
    click.echo("Next:")
    for command in _next_commands(name, chosen, files=list(files), one_file=one_file):
        say(f"  {command}")


def _next_commands(name: str, kinds: tuple[str, ...], *, files: list[Path], one_file: bool) -> list[str]:
    """Return the commands that lead from the written files to a first run, as they can be pasted into a shell."""
    first = files[0]
    if one_file:
        plugin = shlex.quote(str(first) if first.is_absolute() else f"./{first}")
        before = [f"emoclass plugins show {plugin}"]
    else:
        plugin = name
        folder = shlex.quote(str(first.parent))  # the first file is pyproject.toml
        before = [f"cd {folder}", 'pip install -e ".[test]"', "python -m pytest"]
    if one_file or "recipe" not in kinds:
        before.append(f"emoclass plugins check {plugin}")
    if "recipe" not in kinds:
        return before
    data = " --data DIR" if "dataset" in kinds else ""
    return [*before, f"emoclass run --plugin {plugin}{data}"]
