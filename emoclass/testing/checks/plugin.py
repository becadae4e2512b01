"""Checks of a plugin as a whole."""

from __future__ import annotations

from typing import Any

from emoclass.testing.case import Case, CheckFailed
from emoclass.testing.fresh import HEAVY
from emoclass.values.kinds import kind_names, kind_of


def check_loads(case: Case[None]) -> None:
    """The plugin imports, and its hooks return what their contracts say.

    A plugin that does not load is set aside: everything that it offers is missing.
    """
    if case.plugin.error:
        raise CheckFailed(f"{case.subject}: expected a plugin that loads, got: {case.plugin.error} Fix that first.")


def check_offers_something(case: Case[None]) -> None:
    """At least one hook returns at least one description.

    A plugin that offers nothing is a slip: a hook that is not marked, or a list that was forgotten.
    """
    if not any(case.plugin.offers.values()):
        case.fail(
            expected=f"a {kind_names()}",
            got="nothing",
            change="Mark a function such as register_models with @hookimpl, and let it return a list.",
        )


def check_imports_nothing_heavy(case: Case[None]) -> None:
    """Importing the plugin and asking its hooks loads no heavy package.

    Every plugin is loaded for every command: one that imports Keras at the top makes `emoclass --help`'s
    neighbors wait for seconds, for everyone who has it installed. Measured in a process of its own.
    """
    loaded: dict[str, str] = case.ask_afresh("imports")
    if loaded:
        places = dict.fromkeys(loaded.values())
        by_place = {place: [package for package, where in loaded.items() if where == place] for place in places}
        case.fail(
            expected=f"none of {', '.join(HEAVY)} to be imported",
            got="; ".join(f"{', '.join(packages)} (by {place})" for place, packages in by_place.items()),
            change="Import it inside the function that needs it, or name that function by text (package.module:name).",
        )


def check_hooks_are_pure(case: Case[None]) -> None:
    """A hook that is asked twice returns the same.

    Hooks describe and do nothing: they are asked whenever somebody looks around.
    """
    first, second = (case.registry.ask(case.plugin.name) for _ in range(2))
    for kind, specs in first.items():
        again = second[kind]
        if specs == again:
            continue
        for one, other in zip(specs, again, strict=False):
            if one != other:
                case.fail(
                    expected=f"register_{kind} to return the same twice",
                    got=_difference(one, other),
                    change="Return constants, and define functions outside of the hook.",
                )
        case.fail(
            expected=f"register_{kind} to return the same twice",
            got=f"{len(specs)} and then {len(again)} of them",
            change="Let the hook depend on nothing that changes.",
        )


def _difference(one: Any, other: Any) -> str:
    fields = [name for name in type(one).model_fields if getattr(one, name) != getattr(other, name)]
    return f"{one.name!r} with another {', '.join(fields)} the second time"


def check_names_are_free(case: Case[None]) -> None:
    """No other plugin offers a name that this one offers.

    A name that two plugins offer can be used by neither from outside, so whoever installs both loses both.
    """
    for catalog in case.registry.catalogs().values():
        for spec in catalog.of(case.plugin.name):
            others = [owner for owner in catalog.owners(spec.name) if owner != case.plugin.name]
            if others:
                case.fail(
                    expected=f"a name for the {kind_of(spec)} that is its own",
                    got=f"{spec.name!r}, which {' and '.join(others)} offers too",
                    change="Choose another name, for example one that begins with the plugin's.",
                )


CHECKS = (check_loads, check_offers_something, check_imports_nothing_heavy, check_hooks_are_pure, check_names_are_free)
