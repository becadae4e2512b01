"""Find plugins, load each on its own, remember who offers what, and look names up."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from emoclass.errors import ContractError, PluginLoadError
from emoclass.plugin import hookspecs
from emoclass.plugin.catalog import Catalog, PluginInfo, duplicate_name, unknown_name
from emoclass.plugin.diagnosis import check_hooks, check_version, explain
from emoclass.plugin.trace import tell, traced
from emoclass.values.kinds import KINDS, Kind
from emoclass.values.specs import DatasetSpec, DetectorSpec, MetricSpec, ModelSpec, Recipe, Spec

__all__ = ["DISABLE", "GROUP", "Catalog", "PluginInfo", "Registry", "unknown_name"]

logger = logging.getLogger(__name__)

GROUP = "emoclass"
"""The entry point group that distributions announce their plugins in."""

DISABLE = "EMOCLASS_DISABLE_PLUGINS"
"""The environment variable: names of installed plugins that are kept out, with commas between."""


class Registry:
    """The plugins of one session: an ordinary object that is passed to whoever needs it.

    Attributes:
        plugins: What is known of each plugin, broken ones too, by name.
        datasets: What all plugins offer; each kind of `emoclass.values.kinds` has such a catalog.

    Example:
        >>> registry = Registry.discover()
        >>> registry.datasets.get("folder").name
        'folder'
    """

    plugins: dict[str, PluginInfo]
    datasets: Catalog[DatasetSpec]
    models: Catalog[ModelSpec]
    metrics: Catalog[MetricSpec]
    recipes: Catalog[Recipe]
    detectors: Catalog[DetectorSpec]

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self.plugins = {}
        self._is_discovered = False
        self._objects: list[str] = []
        self._catalogs: dict[str, Catalog[Any]] = {kind.plural: Catalog(kind.name, self.unusable) for kind in KINDS}
        vars(self).update(self._catalogs)  # registry.datasets and the like, declared above

    @classmethod
    def discover(cls) -> Registry:
        """Load every installed plugin, emoclass's own first; a broken plugin is listed, never raised.

        Plugins that the environment variable EMOCLASS_DISABLE_PLUGINS names are listed, and not imported.
        """
        registry = cls()
        registry._is_discovered = True
        entry_points = [(_describe(each), each) for each in importlib.metadata.entry_points(group=GROUP)]
        disabled = _disabled({info.name for info, _ in entry_points})
        for info, entry_point in sorted(entry_points, key=lambda pair: not pair[0].own):
            first = registry.plugins.get(info.name)
            if first is None and info.name not in disabled:
                registry._load(info, entry_point.load)
                continue
            if info.name in disabled:
                info.disabled, info.error = True, f"disabled by {DISABLE}."
            elif first is not None and first.own:
                info.error = f"the plugin name {info.name!r} is emoclass's own. Choose another name."
            elif first is not None:
                first.rivals.append(info.origin)
                info.rivals.append(first.origin)
                info.error = f"the name {info.name!r} is taken by the plugin of {first.origin}."
            registry.plugins[info.name if first is None else f"{info.name} ({info.origin})"] = info
        return registry

    def load_file(self, path: Path) -> str:
        """Load a one-file plugin and return its name, the file's stem.

        Raises:
            PluginLoadError: The file is missing, is no importable module, or breaks a hook's contract.
            DuplicateNameError: A plugin of that name is there already.
        """
        path = path.expanduser().resolve()
        if not path.is_file():
            what = "expected a file, got a folder" if path.is_dir() else "no such file"
            raise PluginLoadError(f"plugin file {path}: {what}.")
        info = PluginInfo(path.stem, origin=str(path), entry=str(path))
        self._load(info, lambda: _import_file(path))
        if info.error:
            raise PluginLoadError(f"plugin file {path}: {info.error}")
        return info.name

    def register(self, plugin: object, info: PluginInfo) -> None:
        """Register a plugin object: a module, or any object with hook implementations.

        A plugin that raises or breaks its hooks' contract is unregistered again; `info.error` tells why.
        """
        self._objects.append(info.name)
        self._load(info, lambda: plugin)

    def __reduce__(self) -> tuple[Any, ...]:
        """Find the plugins again where it is unpickled: they are modules, which cannot be carried there."""
        if self._objects:
            raise TypeError(
                "a Registry is pickled as the names of its plugins; registered as objects: "
                f"{', '.join(self._objects)}. Make another Registry in the other process."
            )
        files = [info.entry for info in self.plugins.values() if info.entry == info.origin]
        return _found_again, (self._is_discovered, files)

    def unusable(self) -> list[PluginInfo]:
        """Return the plugins that could not be loaded or are kept out."""
        return [info for info in self.plugins.values() if info.error]

    def broken(self) -> list[PluginInfo]:
        """Return the plugins that could not be loaded."""
        return [info for info in self.unusable() if not info.disabled]

    def plugin(self, name: str) -> PluginInfo:
        """Look a plugin up.

        Raises:
            UnknownNameError: There is no such plugin.
            DuplicateNameError: Several distributions bring a plugin of that name.
            PluginLoadError: It is broken or kept out.
        """
        if name not in self.plugins:
            raise unknown_name("plugin", name, sorted({info.name for info in self.plugins.values()}), self.unusable())
        info = self.plugins[name]
        if info.rivals:
            raise duplicate_name("plugin", name, [info.origin, *info.rivals])
        if info.error:
            hint = "Take its name out of that variable to use it." if info.disabled else None
            raise PluginLoadError(f"plugin {name!r} ({info.origin}): {info.error}", hint=hint)
        return info

    def module(self, name: str) -> object:
        """Return a plugin itself: the module, or the object that was registered.

        Raises:
            PluginError: As `plugin` does.
        """
        return self._manager.get_plugin(self.plugin(name).name)

    def ask(self, name: str) -> Mapping[str, list[Spec]]:
        """Ask a plugin's hooks anew; the catalogs stay as they are.

        Returns:
            Kind (`datasets`, `models`, ...) -> what its hook returns now.

        Raises:
            PluginError: As `plugin` does; or a hook failed or broke its contract this time.
        """
        plugin = self.module(name)
        try:
            return {kind.plural: self._ask(name, plugin, kind) for kind in KINDS}
        except ContractError as error:
            message = f"plugin {name!r} ({self.plugins[name].origin}): called again: {error.message}"
            raise PluginLoadError(message, hint=error.hint) from error

    def catalogs(self) -> Mapping[str, Catalog[Any]]:
        """Return the catalogs by the plural of their kind."""
        return self._catalogs

    def _load(self, info: PluginInfo, load: Callable[[], object]) -> None:
        if info.name in self.plugins:
            raise duplicate_name("plugin", info.name, [self.plugins[info.name].origin, info.origin])
        self.plugins[info.name] = info
        started = time.perf_counter()
        plugin: object | None = None
        try:
            with traced(info.name, "import") as came:
                plugin = load()
                came(getattr(plugin, "__name__", type(plugin).__name__))
            if self._manager.is_registered(plugin):
                plugin, other = None, self._manager.get_name(plugin)
                raise PluginLoadError(f"what it names is the plugin {other!r} already.")
            check_version(plugin)
            check_hooks(plugin, lambda name: self._manager.parse_hookimpl_opts(plugin, name))
            self._manager.register(plugin, name=info.name)
            found = {kind.plural: self._ask(info.name, plugin, kind) for kind in KINDS}
            self._check_reserved(info, found)
        except (Exception, SystemExit) as error:  # whatever a plugin does, the others go on
            logger.debug("plugin %s is broken", info.name, exc_info=True)
            info.error = explain(error)
            tell(info.name, f"set aside: {info.error}")
            if plugin is not None and self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
        else:
            for kind, specs in found.items():
                info.offers[kind] = [spec.name for spec in specs]
                for spec in specs:
                    self.catalogs()[kind].add(info.name, spec)
        info.load_milliseconds = (time.perf_counter() - started) * 1000

    def _ask(self, name: str, plugin: object, kind: Kind) -> list[Spec]:
        """Call one hook of one plugin alone, so that another's failure cannot hide it."""
        others = [each for each in self._manager.get_plugins() if each is not plugin]
        hook = self._manager.subset_hook_caller(kind.hook, others)
        if not hook.get_hookimpls():
            return []
        try:
            with traced(name, kind.hook) as came:
                specs = _checked(hook(), kind)
                names = ", ".join(spec.name for spec in specs)
                came(f"{kind.plural if len(specs) > 1 else kind.name} {names}" if specs else f"no {kind.plural}")
        except ContractError:
            raise
        except (Exception, SystemExit) as error:
            raise ContractError(f"{kind.hook}: {explain(error)}") from error
        return specs

    def _check_reserved(self, info: PluginInfo, found: Mapping[str, list[Spec]]) -> None:
        """Keep the names of emoclass's own plugins from others: they mean the same in everyone's runs."""
        taken = [
            f"{catalog.kind} {spec.name!r}"
            for kind, catalog in self.catalogs().items()
            for spec in found[kind]
            if any(self.plugins[owner].own for owner in catalog.owners(spec.name))
        ]
        if taken and not info.own:
            names = "a name that emoclass itself offers" if len(taken) == 1 else "names that emoclass itself offers"
            raise PluginLoadError(
                f"offers {' and '.join(taken)}, {names}.",
                hint="Choose another name." if len(taken) == 1 else "Choose other names.",
            )


def _checked(answers: Collection[object], kind: Kind) -> list[Spec]:
    """Return what an implementation of a hook returned, if it is what the hook promises."""
    if not answers:  # pluggy leaves None out
        raise ContractError(f"{kind.hook}: expected a list, got None.", hint="Is its `return` missing?")
    specs: list[Spec] = []
    for answer in answers:
        if not isinstance(answer, list | tuple):
            raise ContractError(f"{kind.hook}: expected a list, got {type(answer).__name__}.")
        for spec in answer:
            if not isinstance(spec, kind.spec):
                raise ContractError(f"{kind.hook}: expected {kind.spec_name}, got {type(spec).__name__}.")
            if spec.name in [other.name for other in specs]:
                raise ContractError(f"{kind.hook}: the name {spec.name!r} stands twice.")
            specs.append(spec)
    return specs


def _found_again(is_discovered: bool, files: Sequence[str]) -> Registry:
    registry = Registry.discover() if is_discovered else Registry()
    for file in files:
        registry.load_file(Path(file))
    return registry


def _describe(entry_point: importlib.metadata.EntryPoint) -> PluginInfo:
    distribution = entry_point.dist
    if distribution is None:
        return PluginInfo(entry_point.name, origin=entry_point.value, entry=entry_point.value)
    return PluginInfo(entry_point.name, distribution.version, distribution.name, entry=entry_point.value)


def _disabled(known: Collection[str]) -> set[str]:
    """Return the plugins that the environment keeps out; warn of names that none has."""
    names = {name.strip() for name in os.environ.get(DISABLE, "").split(",")} - {""}
    for name in sorted(names - set(known)):
        logger.warning("%s: there is no plugin %r; known are %s.", DISABLE, name, ", ".join(sorted(known)))
    return names


def _import_file(path: Path) -> ModuleType:
    """Import a file as a module named by its stem, so that its own references (`stem:build`) resolve."""
    name = path.stem
    if not name.isidentifier():
        raise PluginLoadError(f"{name!r} is no module name.", hint="Use letters, digits and '_'.")
    if not _is_free(name, path):
        raise PluginLoadError(f"a module named {name!r} is in use already.", hint="Rename the file.")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginLoadError("expected a Python file, whose name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_free(name: str, path: Path) -> bool:
    """Tell whether a module name leads nowhere, or to this very file."""
    if name in sys.modules:
        origin = getattr(sys.modules[name], "__file__", None)
    else:
        found = importlib.util.find_spec(name)
        if found is None:
            return True
        origin = found.origin
    return origin is not None and Path(origin).resolve() == path
