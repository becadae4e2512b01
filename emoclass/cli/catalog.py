"""`emoclass datasets`, `emoclass models` and so on: list and show what plugins offer, all kinds alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from emoclass.cli.output import json_option, print_fields, print_json, print_note, print_table
from emoclass.errors import ConfigError, EmoclassError, PluginError
from emoclass.keras_backend import require_keras
from emoclass.plugin.registry import Registry
from emoclass.values.base import FrozenModel
from emoclass.values.kinds import KINDS, Kind
from emoclass.values.references import Ref, describe, resolve
from emoclass.values.results import LayerRow
from emoclass.values.specs import DatasetSpec, DetectorSpec, MetricSpec, ModelSpec, Recipe, Spec

Details = Callable[[Any], dict[str, str | None]]


def _dataset(spec: DatasetSpec) -> dict[str, str | None]:
    return {
        "emotions": ", ".join(spec.emotions),
        "needs a folder": "yes" if spec.needs_root else "no",
        "other classes": ", ".join(spec.not_emotions),
        "class codes": ", ".join(f"{code} = {word}" for code, word in spec.codes.items() if code != word),
        "options": _listed(_dataset_options(spec)),
        "shows": spec.expects.replace("_", " "),
        "notice": spec.notice,
        "license": spec.license,
        "citation": spec.citation,
        "available at": spec.url,
        "same images as": spec.images_of,
    }


def _options(ref: Ref) -> Iterator[tuple[str, Any]]:
    """Yield the options of a spec's function, each with its default."""
    try:
        parameters = inspect.signature(resolve(ref)).parameters
    except (PluginError, TypeError, ValueError):  # using it will say what is wrong
        return
    for name, parameter in parameters.items():
        if parameter.default is not parameter.empty:
            yield name, parameter.default


def _dataset_options(spec: DatasetSpec) -> Iterator[tuple[str, Any]]:
    """Yield what `[data.options]` may hold; `root` and `labels` are not set there."""
    return ((name, value) for name, value in _options(spec.load) if name not in ("root", "labels"))


def _listed(options: Iterator[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in options)


def _model(spec: ModelSpec) -> dict[str, str | None]:
    height, width, channels = spec.image_shape
    low, high = spec.value_range
    return {
        "input": f"{height}x{width}, {'RGB' if channels == 3 else 'gray'}, [{low:g}, {high:g}]",
        "expects": spec.expects.replace("_", " "),
        "framing": _framing(spec) if spec.expects == "face_crop" else None,
        "pretrained": ", ".join(f"{name} ({ref})" for name, ref in spec.pretrained.items()),
    }


def _framing(spec: ModelSpec) -> str:
    turned = ", turned so that the eyes are level" if spec.framing.upright else ""
    return f"a square of {spec.framing.side:g} times the height of the face's box{turned}"


def _metric(spec: MetricSpec) -> dict[str, str | None]:
    low, high = ("unbounded" if bound is None else f"{bound:g}" for bound in spec.bounds)
    return {
        "kind": spec.kind.replace("_", " "),
        "interval": spec.interval,
        "bounds": f"{low} to {high}",
        "better": spec.direction,
        "reference": spec.reference,
    }


def _recipe(spec: Recipe) -> dict[str, str | None]:
    import tomli_w

    def table(tree: Mapping[str, Any]) -> str | None:
        return "\n\n" + tomli_w.dumps(dict(tree)) if tree else None

    return {"config": table(spec.config), "fine_tuning": table(spec.fine_tuning)}


def _detector(spec: DetectorSpec) -> dict[str, str | None]:
    return {
        "landmarks": "yes" if spec.landmarks else "no",
        "smallest face": f"{spec.min_face:g} pixels",
        "shared by threads": "yes" if spec.thread_safe else "no",
        "options": _listed(_options(spec.build)),
        "license": spec.license,
        "source": spec.source,
    }


def _group(kind: Kind) -> click.Group:
    """Make the `list` and `show` commands of one kind."""
    plural, singular, details = kind.plural, kind.name, _DETAILS[kind.name]

    @click.group(plural, help=f"List {plural}, or show one.")
    def group() -> None:
        pass

    @group.command("list", help=f"List all {plural}.")
    @json_option
    def list_specs(as_json: bool) -> None:
        catalog = Registry.discover().catalogs()[plural]
        rows = [(name, " and ".join(catalog.owners(name))) for name in catalog.names()]
        summaries = {spec.name: spec.summary for spec in catalog}
        if as_json:
            print_json([{"name": name, "plugin": plugin, "summary": summaries[name]} for name, plugin in rows])
            return
        print_table([(*row, summaries[row[0]]) for row in rows], header=(singular, "plugin", "summary"))

    @group.command("show", help=f"Show one {singular}.")
    @click.argument("name")
    @json_option
    def show_spec(name: str, as_json: bool) -> None:
        catalog = Registry.discover().catalogs()[plural]
        spec: Spec = catalog.get(name)
        layers = _layer_table(spec) if isinstance(spec, ModelSpec) else None
        plugin = catalog.owners(name)[0]
        bundles = _bundles(plugin, spec) if isinstance(spec, ModelSpec) else []
        if as_json:
            document = {"plugin": plugin, **_plain(spec)}
            if isinstance(spec, ModelSpec):
                document["bundles"] = bundles
                document["layers"] = None if layers is None else [row.model_dump() for row in layers]
            if isinstance(spec, DatasetSpec):
                document["options"] = dict(_dataset_options(spec))
            if isinstance(spec, DetectorSpec):
                document["options"] = dict(_options(spec.build))
            print_json(document)
            return
        print_fields({singular: spec.name, "plugin": plugin, "summary": spec.summary, **details(spec)})
        if bundles:
            click.echo()
            print_table([_bundle_row(each) for each in bundles], header=("pretrained model", "files", "options"))
        if layers:
            click.echo("\nThe network with its default options, for two emotions:\n")
            rows = [(row.name, row.kind, row.output_shape, f"{row.parameters:,}") for row in layers]
            total = sum(row.parameters for row in layers)
            print_table(
                [*rows, ("total", "", "", f"{total:,}")], header=("layer", "type", "output shape", "parameters")
            )

    return group


def _plain(spec: Spec) -> dict[str, Any]:
    """Return a spec as JSON types, its code by reference."""
    tree = {name: getattr(spec, name) for name in type(spec).model_fields}
    return {
        name: value.model_dump() if isinstance(value, FrozenModel) else describe(value) if callable(value) else value
        for name, value in tree.items()
    }


def _bundles(plugin: str, spec: ModelSpec) -> list[dict[str, Any]]:
    """Return what the manifests of a model's pretrained ones say, without Keras: sizes of files and options."""
    from emoclass.bundle.manifest import HASHES
    from emoclass.bundle.read import read_bundle
    from emoclass.inference.pretrained import pretrained_folder

    found: list[dict[str, Any]] = []
    for name, ref in spec.pretrained.items():
        bundle: dict[str, Any] = {"name": f"{plugin}:{spec.name}:{name}"}
        try:
            manifest = read_bundle(pretrained_folder(ref)).manifest
        except EmoclassError as error:
            found.append({**bundle, "error": error.message})
            continue
        sizes = {file: each.bytes for file, each in manifest.files.items() if file != HASHES}
        found.append({**bundle, "bytes": sizes, "options": manifest.trained.get("options")})
    return found


def _bundle_row(bundle: Mapping[str, Any]) -> tuple[str, str, str]:
    if "error" in bundle:
        return bundle["name"], "cannot be used", bundle["error"]
    sizes = ", ".join(f"{file} {n / 1e6:.1f} MB" for file, n in bundle["bytes"].items())
    options = bundle["options"]
    if not isinstance(options, Mapping):
        return bundle["name"], sizes, "not known"
    return bundle["name"], sizes, _listed(iter(options.items())) or "the defaults"


def _layer_table(spec: ModelSpec) -> tuple[LayerRow, ...] | None:
    """Build the model and return its layers; None, with a note, where there is no Keras to build it with."""
    try:
        require_keras()
    except ConfigError as error:
        print_note(f"no table of the layers. {error}")
        return None
    from emoclass.training.build import build, layer_rows
    from emoclass.values.labels import LabelScheme

    return layer_rows(build(spec, LabelScheme(emotions=("happy", "sad")), seed=0))


_DETAILS: Mapping[str, Details] = {
    "dataset": _dataset,
    "model": _model,
    "metric": _metric,
    "recipe": _recipe,
    "detector": _detector,
}
"""What `show` tells of each kind beside its name, plugin and summary."""

globals().update({kind.plural: _group(kind) for kind in KINDS})
