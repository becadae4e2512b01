"""What is known of plugins, and the names that they offer: where a name is looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from emoclass.errors import DuplicateNameError, UnknownNameError
from emoclass.suggestions import did_you_mean
from emoclass.values.specs import Spec

S = TypeVar("S", bound=Spec)

MOST_TOLD = 3
"""How many unusable plugins an error about an unknown name speaks of."""


@dataclass
class PluginInfo:
    """What is known of one plugin, usable or not.

    Attributes:
        name: Its name: of the entry point, or of the file.
        version: Of the distribution that brought it, where there is one.
        origin: The distribution or file it comes from.
        load_milliseconds: How long importing it and asking its hooks took.
        error: Why it cannot be used, None if it can.
        offers: Kind (`datasets`, `models`, ...) -> the names it registers.
        rivals: Where other plugins of the same name come from.
        entry: How another process finds it: the entry point's value, or the file; None for an object of this process.
        disabled: Whether the user keeps it out; it was not even imported, and `error` says by what.
    """

    name: str
    version: str | None = None
    origin: str = ""
    load_milliseconds: float = 0.0
    error: str | None = None
    offers: dict[str, list[str]] = field(default_factory=dict)
    rivals: list[str] = field(default_factory=list)
    disabled: bool = False
    entry: str | None = None

    @property
    def own(self) -> bool:
        """Whether emoclass's own distribution brings it; the names that it offers are reserved."""
        return re.sub(r"[-_.]+", "-", self.origin).lower() == "emoclass"


class Catalog(Generic[S]):
    """Specs of one kind, by name, each with the plugin that owns it.

    Args:
        kind: The kind in the singular, for messages.
        unusable: The plugins that are broken or disabled, for messages.
    """

    def __init__(self, kind: str, unusable: Callable[[], list[PluginInfo]]) -> None:
        self.kind = kind
        self._unusable = unusable
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

    def get(self, name: str, *, prefer: str | None = None) -> S:
        """Look a name up.

        Args:
            name: What the spec is called.
            prefer: The plugin whose spec is meant where several offer the name: in a run, the one that is run.

        Raises:
            UnknownNameError: Nobody offers it; the message lists close names and unusable plugins.
            DuplicateNameError: Several plugins offer it, and the preferred one is not among them.
        """
        offers = dict(self._offers.get(name, []))
        if not offers:
            raise unknown_name(self.kind, name, self.names(), self._unusable())
        if prefer in offers:
            return offers[prefer]
        if len(offers) > 1:
            raise duplicate_name(self.kind, name, list(offers))
        return next(iter(offers.values()))


def duplicate_name(kind: str, name: str, owners: list[str]) -> DuplicateNameError:
    """Make the error for a name that several offer."""
    return DuplicateNameError(
        f"{kind} {name!r}: offered by {' and by '.join(owners)}.", hint="Uninstall or rename one of them."
    )


def unknown_name(kind: str, name: str, known: list[str], unusable: list[PluginInfo]) -> UnknownNameError:
    """Make the error for a name that nobody offers."""
    message = f"{kind} {name!r}: not provided by any plugin."
    there = f"Known: {', '.join(known)}." if known else "No plugin provides any."
    hint = did_you_mean(name, known, most=3, cutoff=0.5, instead=there)
    for plugin in unusable[:MOST_TOLD]:
        if plugin.disabled:
            hint += f" Plugin {plugin.name!r} may be the one that offers it, and is {plugin.error}"
        else:
            hint += f" Plugin {plugin.name!r} is broken and may be the one that offers it: {plugin.error}"
    if len(unusable) > MOST_TOLD:
        hint += f" {len(unusable) - MOST_TOLD} more cannot be used: `emoclass plugins list` says why."
    return UnknownNameError(message, hint=hint)
