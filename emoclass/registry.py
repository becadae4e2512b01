"""Find plugins, load each on its own, remember who offers what, and look names up."""

from __future__ import annotations

import difflib
import importlib.metadata
import importlib.util
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from emoclass import hookspecs
from emoclass.errors import ContractError, DuplicateNameError, PluginLoadError, UnknownNameError
from emoclass.specs import DatasetSpec, MetricSpec, ModelSpec, Recipe, Spec

logger = logging.getLogger(__name__)

GROUP = "emoclass"
"""The entry point group that distributions announce their plugins in."""

S = TypeVar("S", bound=Spec)


@dataclass
class PluginInfo:
    """What is known of one plugin, broken or not.

    Attributes:
        name: Its name: of the entry point, or of the file.
        version: Of the distribution that brought it, where there is one.
        origin: The distribution or file it comes from.
        load_milliseconds: How long importing it and asking its hooks took.
        error: Why it is broken, None if it works.
        offers: Kind (`datasets`, `models`, ...) -> the names it registers.
        rivals: Where other plugins of the same name come from.
    """

    name: str
    version: str | None = None
    origin: str = ""
    load_milliseconds: float = 0.0
    error: str | None = None
    offers: dict[str, list[str]] = field(default_factory=dict)
    rivals: list[str] = field(default_factory=list)


class Catalog(Generic[S]):
    """Specs of one kind, by name, each with the plugin that owns it.

    Args:
        kind: The kind in the singular, for messages.
        broken: The plugins that could not be loaded, for messages.
    """

    def __init__(self, kind: str, broken: Callable[[], list[PluginInfo]]) -> None:
        self.kind = kind
        self._broken = broken
        self._offers: dict[str, list[tuple[str, S]]] = {}

    def add(self, plugin: str, spec: S) -> None:
        """Remember that a plugin offers a spec."""
        self._offers.setdefault(spec.name, []).append((plugin, spec))

    def __iter__(self) -> Iterator[S]:
        """Iterate over all specs, in the order of registration."""
        return (spec for offers in self._offers.values() for _, spec in offers)

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._offers)

    def owners(self, name: str) -> list[str]:
        """Return the plugins that offer a name; more than one is a conflict."""
        return [plugin for plugin, _ in self._offers.get(name, [])]

    def of(self, plugin: str) -> list[S]:
        """Return what one plugin offers."""
        return [spec for offers in self._offers.values() for owner, spec in offers if owner == plugin]

    def get(self, name: str) -> S:
        """Look a name up.

        Raises:
            UnknownNameError: Nobody offers it; the close names and the broken plugins are told.
            DuplicateNameError: Several plugins offer it.
        """
        offers = self._offers.get(name, [])
        if not offers:
            raise unknown_name(self.kind, name, self.names(), self._broken())
        if len(offers) > 1:
            raise _duplicate(self.kind, name, [owner for owner, _ in offers])
        return offers[0][1]


def _duplicate(kind: str, name: str, owners: list[str]) -> DuplicateNameError:
    return DuplicateNameError(
        f"{kind} {name!r}: offered by {' and by '.join(owners)}.", hint="Uninstall or rename one of them."
    )


def unknown_name(kind: str, name: str, known: list[str], broken: list[PluginInfo]) -> UnknownNameError:
    """Make the error for a name that nobody offers."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    message = f"{kind} {name!r}: no plugin offers it."
    if close:
        hint = f"Did you mean {' or '.join(close)}?"
    else:
        hint = f"Known: {', '.join(known)}." if known else "No plugin offers any."
    for plugin in broken:
        hint += f" Plugin {plugin.name!r} is broken and may be the one that offers it: {plugin.error}"
    return UnknownNameError(message, hint=hint)


class Registry:
    """The plugins of one session: an ordinary object that is passed to whoever needs it.

    Example:
        >>> registry = Registry.discover()
        >>> registry.datasets.get("folder").name
        'folder'
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self.plugins: dict[str, PluginInfo] = {}
        self.datasets: Catalog[DatasetSpec] = Catalog("dataset", self.broken)
        self.models: Catalog[ModelSpec] = Catalog("model", self.broken)
        self.metrics: Catalog[MetricSpec] = Catalog("metric", self.broken)
        self.recipes: Catalog[Recipe] = Catalog("recipe", self.broken)

    @classmethod
    def discover(cls) -> Registry:
        """Load every installed plugin, the built-in one among them; a broken plugin is listed, never raised."""
        registry = cls()
        for entry_point in importlib.metadata.entry_points(group=GROUP):
            distribution = entry_point.dist
            info = PluginInfo(
                entry_point.name,
                distribution.version if distribution else None,
                distribution.name if distribution else entry_point.value,
            )
            first = registry.plugins.get(info.name)
            if first is None:
                registry._load(info, entry_point.load)
            else:
                first.rivals.append(info.origin)
                info.error = f"the name {info.name!r} is taken by the plugin of {first.origin}"
                registry.plugins[f"{info.name} ({info.origin})"] = info
        return registry

    def load_file(self, path: Path) -> str:
        """Load a one-file plugin and return its name, the file's stem.

        Raises:
            PluginLoadError: The file is missing, is no importable module, or breaks a hook's contract.
            DuplicateNameError: A plugin of that name is there already.
        """
        path = path.expanduser().resolve()
        if not path.is_file():
            raise PluginLoadError(f"plugin file {path}: no such file.")
        info = PluginInfo(path.stem, origin=str(path))
        self._load(info, lambda: _import_file(path))
        if info.error:
            raise PluginLoadError(f"plugin file {path}: {info.error}")
        return info.name

    def register(self, plugin: object, info: PluginInfo) -> None:
        """Register a plugin object: a module, or any object with hook implementations.

        A plugin that raises or breaks its hooks' contract is unregistered again; `info.error` tells why.
        """
        self._load(info, lambda: plugin)

    def broken(self) -> list[PluginInfo]:
        """Return the plugins that could not be loaded."""
        return [info for info in self.plugins.values() if info.error]

    def plugin(self, name: str) -> PluginInfo:
        """Look a plugin up.

        Raises:
            UnknownNameError: There is no such plugin.
            DuplicateNameError: Several distributions bring a plugin of that name.
            PluginLoadError: It is broken.
        """
        if name not in self.plugins:
            working = [info.name for info in self.plugins.values() if not info.error]
            raise unknown_name("plugin", name, sorted(working), self.broken())
        info = self.plugins[name]
        if info.rivals:
            raise _duplicate("plugin", name, [info.origin, *info.rivals])
        if info.error:
            raise PluginLoadError(f"plugin {name!r} ({info.origin}): {info.error}")
        return info

    def catalogs(self) -> Mapping[str, Catalog[Any]]:
        """Return the four catalogs by the plural of their kind."""
        return {
            "datasets": self.datasets,
            "models": self.models,
            "metrics": self.metrics,
            "recipes": self.recipes,
        }

    def _load(self, info: PluginInfo, load: Callable[[], object]) -> None:
        if info.name in self.plugins:
            raise _duplicate("plugin", info.name, [self.plugins[info.name].origin, info.origin])
        self.plugins[info.name] = info
        started = time.perf_counter()
        plugin: object | None = None
        try:
            plugin = load()
            if self._manager.is_registered(plugin):
                plugin, other = None, self._manager.get_name(plugin)
                raise PluginLoadError(f"what it names is the plugin {other!r} already")
            self._manager.register(plugin, name=info.name)
            self._manager.check_pending()
            found = {kind: self._ask(info.name, plugin, kind) for kind in self.catalogs()}
        except (Exception, SystemExit) as error:  # whatever a plugin does, the others go on
            logger.debug("plugin %s is broken", info.name, exc_info=True)
            info.error = self._reason(error)
            if plugin is not None and self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
        else:
            for kind, specs in found.items():
                info.offers[kind] = [spec.name for spec in specs]
                for spec in specs:
                    self.catalogs()[kind].add(info.name, spec)
        info.load_milliseconds = (time.perf_counter() - started) * 1000

    def _ask(self, name: str, plugin: object, kind: str) -> list[Spec]:
        """Call one hook of one plugin alone, so that another's failure cannot hide it."""
        expected = {"datasets": DatasetSpec, "models": ModelSpec, "metrics": MetricSpec, "recipes": Recipe}[kind]
        others = [each for each in self._manager.get_plugins() if each is not plugin]
        specs: list[Spec] = []
        for answer in self._manager.subset_hook_caller(f"register_{kind}", others)():
            if not isinstance(answer, list | tuple):
                raise ContractError(f"plugin {name!r}: register_{kind}: expected a list, got {type(answer).__name__}.")
            for spec in answer:
                if not isinstance(spec, expected):
                    raise ContractError(
                        f"plugin {name!r}: register_{kind}: expected {expected.__name__}, got {type(spec).__name__}."
                    )
                if spec.name in [other.name for other in specs]:
                    raise ContractError(f"plugin {name!r}: register_{kind}: the name {spec.name!r} stands twice.")
                specs.append(spec)
        return specs

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, pluggy.PluginValidationError):
            hooks = [f"register_{kind}" for kind in self.catalogs()]
            for word in str(error).replace("'", " ").split():
                close = difflib.get_close_matches(word, hooks, n=1, cutoff=0.8)
                if close and word not in hooks:
                    return f"there is no hook {word!r}; did you mean {close[0]!r}?"
        return f"{type(error).__name__}: {' '.join(str(error).split())}"


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
