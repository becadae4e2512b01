"""Compose a run's configuration: defaults <- recipe <- config file <- options. Nothing heavy is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pydantic

from emoclass.errors import ConfigError, DataError, EmoclassError
from emoclass.plugin.config_file import read_file
from emoclass.plugin.registry import Registry, unknown_name
from emoclass.suggestions import check_keywords
from emoclass.values.config import DataConfig, RunConfig, Tree, check_crop, is_pretrained, validate
from emoclass.values.labels import canonical
from emoclass.values.references import call_with_options
from emoclass.values.specs import DatasetSpec, MetricSpec, Recipe
from emoclass.values.tables import TABLE_DATASET, names_table
from emoclass.values.text import why_not_utf8

__all__ = ["configure"]


_OWNERS = ("name", "ref", "dataset", "detector")
"""Keys that name what the `options` beside them are for."""


class Settings(TypedDict, total=False):
    """The keyword arguments of `run`, and of what runs an experiment several times; `run` says what each means."""

    data: str | Path | None
    dataset: str | None
    model: str | None
    start: str | Path | None
    recipe: str | None
    labels: str | Sequence[str] | None
    map: Mapping[str, str] | None
    data_options: Mapping[str, Any] | None
    crop: bool | Mapping[str, Any] | None
    epochs: int | None
    batch_size: int | None
    class_weights: str | Mapping[str, float] | None
    exclude: str | Path | None
    audit: bool | None
    threads: int | None
    seed: int | None
    config: str | Path | Mapping[str, Any] | None


def compose(registry: Registry, plugin: str | Path | None, out: str | Path, **settings: Unpack[Settings]) -> RunConfig:
    """Return the configuration that the arguments of `run` describe.

    Raises:
        TypeError: There is no such argument.
        ConfigError: A setting is wrong.
        PluginError: A plugin, or a name that nobody offers.
    """
    check_keywords(settings, Settings)
    paths = {name: settings.get(name) for name in ("data", "exclude", "start")}
    for name, value in (*paths.items(), ("out", out)):
        if str(value) == "":
            raise ConfigError(f"{name}: expected a path, got an empty one.")
    options: dict[str, Any] = {
        "plugin": _text(plugin),
        "recipe": settings.get("recipe"),
        "seed": settings.get("seed"),
        "labels": settings.get("labels"),
        "data": {
            "root": _text(settings.get("data")),
            "dataset": settings.get("dataset"),
            "exclude": _text(settings.get("exclude")),
            "audit": settings.get("audit"),
        },
        "model": {"name": settings.get("model"), "start": settings.get("start")},
        "training": {name: settings.get(name) for name in ("epochs", "batch_size", "class_weights")},
        "runtime": {"threads": settings.get("threads")},
    }
    if words := settings.get("map"):
        options["data"]["map"] = dict(words)
    if data_options := settings.get("data_options"):
        options["data"]["options"] = dict(data_options)
    options = _without_none(options)
    if (crop := settings.get("crop")) is not None:  # also an empty table says something
        check_crop(crop)
        data = options.setdefault("data", {})
        data["crop"] = None if crop is False else {} if crop is True else dict(crop)
    config = settings.get("config")
    file = read_file(Path(config).expanduser()) if isinstance(config, str | Path) else config
    return configure(registry, file=file, options=options)


def _text(value: str | Path | None) -> str | None:
    return None if value is None else str(value)


def configure(registry: Registry, *, file: Tree | None = None, options: Tree | None = None) -> RunConfig:
    """Lay a config file and options over a plugin's recipe.

    Where they name a trained model to start from, the recipe's `model.options` are left out: that model has its own.

    Args:
        registry: The plugins; a one-file plugin that the configuration names is loaded into it.
        file: A config file's tables.
        options: Tables of what was said on the command line or in a call.

    Raises:
        ConfigError: A key or value is wrong, or no plugin is named.
        UnknownNameError: Nobody offers the plugin, recipe, dataset, model or metric.
        DuplicateNameError: Several plugins offer one of these, and the run's own is not among them.
        PluginLoadError: The plugin is broken.
    """
    above = merge(_normal(file or {}), _normal(options or {}))
    plugin = above.get("plugin")
    if not isinstance(plugin, str) or not plugin:
        raise ConfigError(
            "No plugin given.", hint="Choose one with --plugin; `emoclass plugins list` shows those that are installed."
        )
    if plugin.endswith(".py"):
        above["plugin"] = str(Path(plugin).expanduser().resolve())
    owner = load_plugin(registry, plugin)
    recipe = _recipe(registry, owner, above.get("recipe"))
    model = above.get("model")
    starts_trained = isinstance(model, Mapping) and model.get("start") is not None
    layers: list[Tree] = [_normal(recipe.config)]
    if starts_trained:
        layers = [_without_model_options(layers[0]), _normal(recipe.fine_tuning)]
    tree = merge(*layers, above, {"recipe": recipe.name})
    _read_the_folder(registry, owner, tree, above)
    _make_paths_absolute(tree)
    config = validate(tree)
    registry.datasets.get(config.data.dataset, prefer=owner)
    registry.models.get(config.model.name, prefer=owner)
    for spec in metric_specs(registry, config):
        if spec.name in config.evaluation.headline and spec.kind != "scalar":
            raise ConfigError(
                f"evaluation.headline: expected scalar metrics, got {spec.name!r}.",
                hint="List it under evaluation.metrics; the report shows it.",
            )
    return config


def _without_model_options(tree: Tree) -> Tree:
    model = tree.get("model")
    if not isinstance(model, Mapping):
        return tree  # validation says what is wrong
    return {**tree, "model": {name: value for name, value in model.items() if name != "options"}}


def recipe_options(registry: Registry, config: RunConfig) -> Mapping[str, Any]:
    """Return the options that the recipe of a run has for the run's model."""
    model = _recipe(registry, load_plugin(registry, config.plugin), config.recipe).config.get("model")
    if not isinstance(model, Mapping) or model.get("name") != config.model.name:
        return {}
    options = model.get("options")
    return options if isinstance(options, Mapping) else {}


def load_plugin(registry: Registry, plugin: str) -> str:
    """Return the name of an installed plugin, or of a one-file plugin after loading it.

    Raises:
        UnknownNameError: There is no such plugin.
        PluginLoadError: It is broken.
    """
    if not plugin.endswith(".py"):
        return registry.plugin(plugin).name
    path = Path(plugin).expanduser().resolve()
    for info in registry.plugins.values():
        if info.origin == str(path):
            return registry.plugin(info.name).name
    return registry.load_file(path)


def load_named_plugin(registry: Registry, plugin: str, *, named: str | Path | None, command: str) -> str:
    """Load the plugin of a run folder; a file only if the user names it, since the folder may come from a stranger.

    Args:
        registry: The plugins; a file that was loaded into it before counts as named.
        plugin: What the folder's configuration says.
        named: What the user says; None leaves it to the folder.
        command: What to type to continue, with the plugin, for the error.

    Raises:
        ConfigError: The file was not named, or another plugin was.
        PluginError: As for `load_plugin`.
    """
    path = Path(plugin).expanduser().resolve()
    is_file = plugin.endswith(".py")
    if named is not None and (Path(named).expanduser().resolve() != path if is_file else str(named) != plugin):
        raise ConfigError(f"plugin: expected {plugin}, as the run began with, got {named}.", hint="Leave it out.")
    if is_file and named is None and str(path) not in {info.origin for info in registry.plugins.values()}:
        raise ConfigError(
            f"plugin {plugin}: to continue the run, this file has to be executed, and only the run folder names it.",
            hint=f"If you trust it, name it: {command}",
        )
    return load_plugin(registry, plugin)


def metric_specs(registry: Registry, config: RunConfig) -> list[MetricSpec]:
    """Return the metrics of a run: those it names, else the built-in ones and its plugin's own.

    Raises:
        UnknownNameError: Nobody offers one of them.
        DuplicateNameError: Several other plugins offer one of them, and the run's own does not.
    """
    plugin = load_plugin(registry, config.plugin)
    named = config.evaluation.metrics
    if not named:
        named = tuple(spec.name for owner in ("builtins", plugin) for spec in registry.metrics.of(owner))
    names = dict.fromkeys((*config.evaluation.headline, *named))
    return [registry.metrics.get(name, prefer=plugin) for name in names]


def _recipe(registry: Registry, plugin: str, name: Any) -> Recipe:
    recipes = registry.recipes.of(plugin)
    names = [recipe.name for recipe in recipes]
    if name is not None:
        if name not in names:
            raise unknown_name(f"recipe of plugin {plugin!r}:", str(name), names, [])
        return recipes[names.index(name)]
    if plugin in names:
        return recipes[names.index(plugin)]
    if len(recipes) == 1:
        return recipes[0]
    if not recipes:
        raise ConfigError(
            f"plugin {plugin!r}: has no recipe to run.", hint="`emoclass recipes list` shows what can be run."
        )
    raise ConfigError(f"plugin {plugin!r}: has several recipes ({', '.join(names)}).", hint="Choose one with --recipe.")


def merge(*layers: Tree) -> dict[str, Any]:
    """Lay nested tables over each other, later ones winning key by key.

    Options belong to the thing they were written for: where a layer names another dataset, model or
    component, the options below it are dropped.

    Example:
        >>> merge({"model": {"name": "a", "options": {"width": 8}}}, {"model": {"name": "b"}})
        {'model': {'name': 'b'}}
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            if isinstance(value, Mapping) and isinstance(below, Mapping):
                renamed = any(name in value and below.get(name) != value[name] for name in _OWNERS)
                kept = {k: v for k, v in below.items() if not (renamed and k == "options")}
                merged[key] = merge(kept, value)
            elif isinstance(value, Mapping):
                merged[key] = merge(value)
            else:
                merged[key] = value
    return merged


def _normal(tree: Tree) -> dict[str, Any]:
    """Write labels the long way, so that a list of emotions leaves the emotions declared below it in place."""
    labels = tree.get("labels")
    if isinstance(labels, Mapping) or labels is None:
        return dict(tree)
    return {**tree, "labels": {"emotions": labels}}


def _make_paths_absolute(tree: dict[str, Any]) -> None:
    """Write the paths that a run reads from so that it can be repeated from anywhere."""
    for table, name in (("data", "root"), ("data", "exclude"), ("model", "start")):
        held = tree.get(table)
        if not isinstance(held, dict) or not isinstance(held.get(name), str | Path):
            continue
        if name == "start" and (is_pretrained(str(held[name])) or not _is_path(held[name])):
            continue
        held[name] = _absolute(str(held[name]), f"{table}.{name}")
    training = tree.get("training")
    teacher = training.get("teacher") if isinstance(training, dict) else None
    bundles = teacher.get("bundles") if isinstance(teacher, dict) else None
    if bundles and isinstance(bundles, str | Path):
        bundles = [bundles]
    if isinstance(teacher, dict) and isinstance(bundles, list | tuple):
        teacher["bundles"] = [
            _absolute(str(each), "training.teacher.bundles")
            if isinstance(each, str | Path) and _is_path(each)
            else each
            for each in bundles
        ]


def _is_path(source: str | Path) -> bool:
    """Tell whether `emoclass.load` would take the name of a trained model for a path."""
    return isinstance(source, Path) or source != Path(source).name or os.path.lexists(source)


def _absolute(path: str, where: str) -> str:
    try:
        found = str(Path(path).expanduser().resolve())
    except (OSError, RuntimeError, UnicodeError) as error:  # no such home, links in a circle
        raise ConfigError(f"{where}: {path!a} cannot be used ({error}).") from error
    if wrong := why_not_utf8(found):  # the configuration is written as UTF-8
        reason, hint = wrong
        raise ConfigError(f"{where}: {path!a} cannot be used ({reason}).", hint=hint)
    return found


def _read_the_folder(registry: Registry, plugin: str, tree: dict[str, Any], above: Tree) -> None:
    """Where the recipe's dataset cannot be what the user names, read a table, or a folder per class, instead.

    It cannot be where it takes no folder; or where it finds nothing in a file that is named as tables are, or in a
    folder whose subfolders are named after emotions.
    """
    data, said = tree.get("data", {}), above.get("data", {})
    if not isinstance(data, Mapping) or not isinstance(said, Mapping):
        return  # validation says what is wrong
    dataset = data.get("dataset", DataConfig.model_fields["dataset"].default)
    if said.get("root") is None or "dataset" in said or dataset not in registry.datasets.names():
        return
    spec = registry.datasets.get(dataset, prefer=plugin)
    table = is_table(said["root"])
    plain = table or has_class_folders(said["root"])
    if not spec.needs_root or (plain and not _finds_something(spec, data, said["root"])):
        own = {"options": said["options"]} if "options" in said else {}
        tree.update(merge({"data": data}, {"data": {"dataset": TABLE_DATASET if table else "folder", **own}}))


def _finds_something(spec: DatasetSpec, data: Mapping[str, Any], root: str) -> bool:
    options = data.get("options") or {}
    try:
        found = call_with_options(spec.load, options, Path(root).expanduser(), subject=f"dataset {spec.name!r}: [data]")
        return next(iter(found), None) is not None
    except DataError:
        return False
    except (EmoclassError, pydantic.ValidationError):  # said again, where it is expected
        return True


def is_table(root: str | Path | None) -> bool:
    """Tell whether a user names a table of images: a file that is named as tables are."""
    try:
        return root is not None and names_table(root) and not Path(root).expanduser().is_dir()
    except (OSError, RuntimeError):
        return False


def has_class_folders(root: str | Path) -> bool:
    """Tell whether a folder plainly is one of classes: at least two of its subfolders are named after emotions."""
    try:
        names = [each.name for each in Path(root).expanduser().iterdir() if each.is_dir()]
    except (OSError, RuntimeError):
        return False
    return len({canonical(name) for name in names} - {None}) > 1


def _without_none(tree: Mapping[str, Any]) -> dict[str, Any]:
    trimmed = {key: _without_none(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in trimmed.items() if value is not None and value != {}}
