"""`emoclass evaluate`: metrics of trained models on other datasets."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.cropping import crop_options, take_crop
from emoclass.cli.output import data_option, json_option, parse_data_options, parse_maps, print_json, say
from emoclass.errors import ConfigError
from emoclass.native_output import messages_aside

if TYPE_CHECKING:
    from emoclass.values.specs import MetricSpec, SplitName

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Evaluate trained models on other datasets, on the emotions that model and dataset share.

SOURCE is a run folder, a bundle (a trained model on disk), or the name of a plugin with a pretrained model; an
existing path takes precedence over a name. A model predicts any of its emotions, including those that a dataset does
not contain, unless --labels restricts it. With several models, the result is a table: one row per model, one column per
dataset.

\b
emoclass evaluate runs/20260102-030405-happysad --on folder=photos/
emoclass evaluate happy-model --on labels.csv
emoclass evaluate happy-model --on folder=crops/ --on synthetic-faces --json
emoclass evaluate faces happy-model --on folder=crops/ --labels happy,sad --plot matrix.png
"""


@click.command(help=HELP)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--on", "pairs", metavar="NAME=ROOT", multiple=True, required=True,
              help="A dataset and its folder, such as folder=photos/; only NAME for a dataset that needs no folder; "
                  "or only the path of a table, such as labels.csv. May be repeated.")  # fmt: skip
@click.option("--labels", metavar="A,B,...", help="Restrict the model to these emotions, or to a named set such as "
              "basic5: other classes are dropped and the probabilities renormalized. Of two emotions, the second is "
              "the positive class.")  # fmt: skip
@click.option("--by", metavar="ATTRIBUTE", multiple=True, help="Also report the metrics for each value of an image "
              "attribute, such as gender, or group for persons. May be repeated.")  # fmt: skip
@click.option("--metrics", metavar="A,B,...", help="The metrics to compute; by default those computed when the model "
              "was trained, or else the built-in ones.")  # fmt: skip
@click.option("--split", type=click.Choice(["train", "validation", "test"]),
              help="Use only this official split of each dataset; by default all images.")  # fmt: skip
@click.option("--map", "maps", metavar="WORD=EMOTION", multiple=True,
              help="Read a class as an emotion, or leave it out with WORD=ignore. May be repeated.")  # fmt: skip
@data_option
@crop_options
@click.option("--resamples", type=click.IntRange(min=0), default=1000, show_default=True, metavar="N",
              help="Bootstrap resamples per interval; 0 omits bootstrap intervals.")  # fmt: skip
@click.option("--no-audit", is_flag=True, help="Skip the search for images that the model was trained on.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Random seed for the bootstrap.",
)
@click.option("--threads", type=click.IntRange(1, 256), metavar="N", help="Number of CPU threads; all by default.")
@click.option("--plot", metavar="FILE.png", help="Save a heat map of models and datasets: the accuracy, or the first "
              "of --metrics.")  # fmt: skip
@click.option("--report", metavar="FILE.html", help="Write an HTML page with the heat map and all metrics.")
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def evaluate(
    sources: tuple[str, ...], pairs: tuple[str, ...], labels: str | None, by: tuple[str, ...], metrics: str | None,
    split: SplitName | None, maps: tuple[str, ...], data_options: tuple[str, ...], resamples: int, no_audit: bool,
    seed: int, threads: int | None, plot: str | None, report: str | None, as_json: bool, quiet: bool, **cropping: Any,
) -> None:  # fmt: skip
    """Evaluate, draw where asked to, and print tables."""
    on = [_parse_pair(pair) for pair in pairs]
    named = None if metrics is None else [name.strip() for name in metrics.split(",")]
    mapping = parse_maps(maps)
    options = parse_data_options(data_options)
    crop = take_crop(cropping)
    files = {"--plot": (plot, ".png"), "--report": (report, ".html")}
    for option, (file, ending) in files.items():
        _check_file(option, file, ending)
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no result
            with messages_aside():
                from emoclass.cli.progress import TerminalProgress
                from emoclass.inference.load import load
                from emoclass.plugin.registry import Registry
                from emoclass.progress import Progress
                from emoclass.workflows.cross_evaluate import cross_evaluate, model_names

                registry = Registry.discover()
                classifiers = [load(source, registry=registry, threads=threads) for source in sources]
                names = list(sources) if len(sources) == 1 else model_names(sources)
                if len(set(names)) < len(names):
                    raise ConfigError(f"SOURCE: expected different models, got {', '.join(sources)}.")
            if (len(sources) > 1 or plot or report) and named:
                plugin = str(classifiers[0].bundle.manifest.trained.get("plugin"))
                _check_scalar([registry.metrics.get(name, prefer=plugin) for name in named])
            found = cross_evaluate(
                dict(zip(names, classifiers, strict=True)),
                on,
                labels=labels,
                by=by,
                metrics=named,
                split=split,
                map=mapping,
                data_options=options,
                seed=seed,
                resamples=resamples,
                audit=not no_audit,
                crop=crop,
                registry=registry,
                threads=threads,
                progress=Progress() if quiet else TerminalProgress(),
            )
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        sys.exit(130)
    from emoclass.cli.evaluations import print_evaluation, print_matrix

    shown = next((name for name in named or () if name in found.metrics), None)
    if as_json and len(sources) == 1:
        print_json({"model": sources[0], "results": [result.to_json() for result in found.matrix[0]]})
    elif as_json:
        print_json({"sources": dict(zip(names, sources, strict=True)), **found.to_json()})
    elif len(sources) == 1:
        for number, result in enumerate(found.matrix[0]):
            if number:
                click.echo()
            print_evaluation(sources[0], result)
    else:
        print_matrix(found, shown)
    for option, file, write in (("Plot", plot, found.write_plot), ("Page", report, found.write_report)):
        if file is not None:  # last: a full disk must not cost the results
            write(Path(file).expanduser(), metric=shown)
            if not as_json:
                say(f"{option}: {file}")


def _check_file(option: str, file: str | None, ending: str) -> None:
    """Refuse a file that cannot be written, before hours of work."""
    if file is None:
        return
    path = Path(file).expanduser()
    if path.suffix.lower() != ending:
        raise ConfigError(f"{option} {file}: expected a name that ends in {ending}.")
    if path.is_dir():
        raise ConfigError(f"{option} {file}: expected a file, got a folder.")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {file}: expected a file in a folder that exists.")


def _check_scalar(metrics: Sequence[MetricSpec]) -> None:
    """Refuse metrics none of which can stand in a cell of the matrix, before hours of work."""
    if all(spec.kind != "scalar" for spec in metrics):
        raise ConfigError(
            f"--metrics: expected at least one scalar metric, got {', '.join(spec.name for spec in metrics)}.",
            hint="Add accuracy, for example.",
        )


def _parse_pair(pair: str) -> tuple[str, str | None]:
    name, separator, root = pair.partition("=")
    if not name or (separator and not root):
        raise ConfigError(f"--on {pair}: expected NAME=ROOT, or NAME.", hint="For example --on folder=photos/.")
    return name, root or None
