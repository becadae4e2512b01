"""`emoclass plugins`: which plugins there are, where they come from, and which are broken."""

from __future__ import annotations

from typing import Any

import click

from emoclass.cli.check import check_plugin
from emoclass.cli.new import new
from emoclass.cli.output import json_option, print_fields, print_json, print_table
from emoclass.plugin.registry import PluginInfo, Registry

MOST_NAMES = 3
"""How many names of a kind the list shows; beyond, it counts them."""
MOST_COLUMNS = 40
"""How wide the list's column of names may be; a plugin that offers more has counts there."""


@click.group()
def plugins() -> None:
    """List, check and create plugins."""


plugins.add_command(new)
plugins.add_command(check_plugin)


@plugins.command("list")
@json_option
def list_plugins(as_json: bool) -> None:
    """List all plugins; those that cannot be used say why."""
    found = Registry.discover().plugins.values()
    if as_json:
        print_json([_document(info) for info in found])
        return
    rows = [
        (
            info.name,
            info.version or "-",
            info.origin,
            _registers(info),
            "-" if info.disabled else f"{info.load_milliseconds:.1f}",
            _state(info).partition(":")[0].split()[0],
        )
        for info in found
    ]
    header = ("plugin", "version", "from", "registers", "load ms", "state")
    width = max(len(row[4]) for row in [header, *rows])
    print_table([(*row[:4], row[4].rjust(width), row[5]) for row in rows], header=header)
    # Below the table, where a long reason does not break its columns.
    reasons = dict.fromkeys(f"{info.name} is {_state(info)}" for info in found if _state(info) != "ok")
    if reasons:
        click.echo("\n" + "\n".join(reasons))


@plugins.command("show")
@click.argument("name")
@json_option
def show_plugin(name: str, as_json: bool) -> None:
    """Show one plugin: an installed name, or the path of a one-file plugin."""
    registry = Registry.discover()
    if name.endswith(".py"):
        from emoclass.plugin.configure import load_plugin

        name = load_plugin(registry, name)
    if name not in registry.plugins:
        registry.plugin(name)  # says which names there are
    info = registry.plugins[name]
    if as_json:
        print_json(_document(info))
        return
    offers = {kind: ", ".join(names) for kind, names in info.offers.items()}
    loaded = None if info.disabled else f"{info.load_milliseconds:.1f} ms"
    about = {"plugin": info.name, "version": info.version, "from": info.origin, "state": _state(info)}
    print_fields({**about, "load time": loaded, **offers})


def _document(info: PluginInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "version": info.version,
        "origin": info.origin,
        "load_milliseconds": round(info.load_milliseconds, 1),
        "error": info.error,
        "disabled": info.disabled,
        "rivals": info.rivals,
        "offers": info.offers,
    }


def _registers(info: PluginInfo) -> str:
    """Return what a plugin registers: the names where they fit, else how many of each kind."""
    offers = {kind: names for kind, names in info.offers.items() if names}
    counted = {kind: f"{len(names)} {kind if len(names) > 1 else kind[:-1]}" for kind, names in offers.items()}
    named = [
        counted[kind] if len(names) > MOST_NAMES else f"{kind if len(names) > 1 else kind[:-1]} {', '.join(names)}"
        for kind, names in offers.items()
    ]
    text = "; ".join(named)
    return (text if len(text) <= MOST_COLUMNS else "; ".join(counted.values())) or "-"


def _state(info: PluginInfo) -> str:
    if info.rivals:
        return f"refused: {' and '.join(sorted([info.origin, *info.rivals]))} bring a plugin of that name."
    if info.disabled and info.error:
        return info.error
    return f"broken: {info.error}" if info.error else "ok"
