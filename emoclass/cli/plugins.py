"""`emoclass plugins`: which plugins there are, where they come from, and which are broken."""

from __future__ import annotations

from typing import Any

import click

from emoclass.cli.output import json_option, print_fields, print_json, print_table
from emoclass.registry import PluginInfo, Registry


@click.group()
def plugins() -> None:
    """Show the plugins, and what each of them offers."""


@plugins.command("list")
@json_option
def list_plugins(as_json: bool) -> None:
    """List all plugins; broken ones say why."""
    found = Registry.discover().plugins.values()
    if as_json:
        print_json([_document(info) for info in found])
        return
    rows = [(info.name, info.version or "-", info.origin, _offers(info), _state(info)) for info in found]
    print_table(rows, header=("plugin", "version", "from", "offers", "state"))


@plugins.command("show")
@click.argument("name")
@json_option
def show_plugin(name: str, as_json: bool) -> None:
    """Show one plugin: an installed name, or the path of a one-file plugin."""
    registry = Registry.discover()
    if name.endswith(".py"):
        from emoclass.configure import load_plugin

        name = load_plugin(registry, name)
    if name not in registry.plugins:
        registry.plugin(name)  # says which names there are
    info = registry.plugins[name]
    if as_json:
        print_json(_document(info))
        return
    offers = {kind: ", ".join(names) for kind, names in info.offers.items()}
    print_fields({"plugin": info.name, "version": info.version, "from": info.origin, "state": _state(info), **offers})


def _document(info: PluginInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "version": info.version,
        "origin": info.origin,
        "load_milliseconds": round(info.load_milliseconds, 1),
        "error": info.error,
        "rivals": info.rivals,
        "offers": info.offers,
    }


def _offers(info: PluginInfo) -> str:
    counts = {kind: len(names) for kind, names in info.offers.items()}
    return ", ".join(f"{n} {kind if n > 1 else kind[:-1]}" for kind, n in counts.items() if n) or "-"


def _state(info: PluginInfo) -> str:
    if info.rivals:
        return f"refused: {' and '.join(info.rivals)} brings a plugin of that name too"
    return f"broken: {info.error}" if info.error else f"ok, loaded in {info.load_milliseconds:.1f} ms"
