"""The command line. Each command is a file of its own, imported when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import nullcontext
from typing import Any

import click

from emoclass.cli.ending import ending_at_once
from emoclass.cli.streams import safe_streams
from emoclass.errors import EmoclassError, MissingPackageError
from emoclass.suggestions import did_you_mean
from emoclass.values.kinds import KINDS

_COMMANDS = {
    "run": ("emoclass.cli.run:run", "Train and evaluate a model, and write a report."),
    "predict": ("emoclass.cli.predict:predict", "Predict the emotions in images with a trained model."),
    "video": ("emoclass.cli.video:video", "Watch a video: who shows which emotion when."),
    "serve": ("emoclass.cli.serve:serve", "Serve trained models: a page, and an HTTP service."),
    "evaluate": ("emoclass.cli.evaluate:evaluate", "Evaluate trained models on other datasets."),
    "crop": ("emoclass.cli.crop:crop", "Cut the faces out of photographs, as aligned crops."),
    "audit": ("emoclass.cli.audit:audit", "Find duplicates, label conflicts and broken files in a dataset."),
    "compare": ("emoclass.cli.compare:compare", "Compare finished runs, and test whether they differ."),
    "export": ("emoclass.cli.export:export", "Export a trained model to LiteRT, ONNX or SavedModel."),
    "plugins": ("emoclass.cli.plugins:plugins", "List, check and create plugins."),
    **{kind.plural: (f"emoclass.cli.catalog:{kind.plural}", f"List {kind.plural}, or show one.") for kind in KINDS},
}


class LazyGroup(click.Group):
    """A group that imports a command when it runs, and lists all of them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names, in the order of the help page."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed; of an unknown one, name the close match."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            guess = did_you_mean(args[0], self.list_commands(ctx))
            if guess and error.ctx:
                error.ctx.fail(f"{error.message} {guess}")
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; end it with the usual exit code on Ctrl-C."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            ctx.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands on the help page."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        import emoclass

        click.echo(f"emoclass {emoclass.__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
              help="Show the version and exit.")  # fmt: skip
def cli() -> None:
    """Classify emotions in images: train, evaluate and use Keras models."""


def main(args: list[str] | None = None) -> Any:
    """Run the command line; expected failures are reported in one sentence, bugs keep their traceback."""
    from_shell = args is None
    try:
        with ending_at_once() if from_shell else nullcontext(), safe_streams():
            return cli.main(args=args, prog_name="emoclass", color=_color())
    except MissingPackageError as error:
        _print_error(str(error))  # one line: what is missing, and the command that installs it
        sys.exit(error.exit_code)
    except EmoclassError as error:
        _print_error(error.message, error.hint)
        sys.exit(error.exit_code)


def _color() -> bool | None:
    """Return False where the user wants no colors (https://no-color.org); None leaves it to the terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _print_error(message: str, hint: str | None = None) -> None:
    from emoclass.cli.output import printable

    shown = "\n".join(map(printable, message.split("\n")))
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {shown}", err=True, color=_color())
    if hint:
        click.echo(f"{click.style('Hint:', bold=True)} {printable(hint)}", err=True, color=_color())
