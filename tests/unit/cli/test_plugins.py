"""`emoclass plugins list` and `show`."""

import json

import pytest
from click.testing import CliRunner

from emoclass import MetricSpec, ModelSpec, Registry, hookimpl
from emoclass.cli import cli
from emoclass.plugin.registry import PluginInfo


class Fine:
    @hookimpl
    def register_models(self):
        return [ModelSpec(name="net", summary="A network.", build="x:y", image_shape=(8, 8, 3))]

    @hookimpl
    def register_metrics(self):
        return [MetricSpec(name=name, summary="M.", compute="x:y") for name in ("first", "second")]


class Many:
    @hookimpl
    def register_metrics(self):
        return [MetricSpec(name=f"metric{i}", summary="M.", compute="x:y") for i in range(4)]


class LongNames:
    @hookimpl
    def register_metrics(self):
        return [MetricSpec(name=f"{'x' * 20}-{i}", summary="M.", compute="x:y") for i in range(2)]


class Broken:
    def register_models(self):
        return []


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Let these plugins be the installed ones."""
    registry = Registry()
    for number, (name, plugin) in enumerate(
        {"fine": Fine(), "many": Many(), "long": LongNames(), "broken": Broken()}.items()
    ):
        registry.register(plugin, PluginInfo(name, "1.0", origin=f"emoclass-{name}"))
        registry.plugins[name].load_milliseconds = 10.0**number
    registry.plugins["off"] = PluginInfo(
        "off", "1.0", "emoclass-off", disabled=True, error="disabled by EMOCLASS_DISABLE_PLUGINS."
    )
    registry.plugins["twice"] = PluginInfo("twice", "1.0", "dist-a", rivals=["dist-b"])
    registry.plugins["twice (dist-b)"] = PluginInfo("twice", "1.0", "dist-b", rivals=["dist-a"], error="taken.")
    monkeypatch.setattr(Registry, "discover", lambda: registry)
    return registry


def printed(*args):
    result = CliRunner().invoke(cli, ["plugins", *args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_is_a_table_with_the_reasons_below_it():
    assert printed("list").splitlines() == [
        "plugin  version  from             registers                         load ms  state",
        "fine    1.0      emoclass-fine    model net; metrics first, second      1.0  ok",
        "many    1.0      emoclass-many    4 metrics                            10.0  ok",
        "long    1.0      emoclass-long    2 metrics                           100.0  ok",
        "broken  1.0      emoclass-broken  -                                  1000.0  broken",
        "off     1.0      emoclass-off     -                                       -  disabled",
        "twice   1.0      dist-a           -                                     0.0  refused",
        "twice   1.0      dist-b           -                                     0.0  refused",
        "",
        "broken is broken: register_models is not marked: put @hookimpl above it.",
        "off is disabled by EMOCLASS_DISABLE_PLUGINS.",
        "twice is refused: dist-a and dist-b bring a plugin of that name.",
    ]


def test_nothing_stands_below_the_table_where_all_is_well(installed):
    for name in ("broken", "off", "twice", "twice (dist-b)"):
        del installed.plugins[name]
    assert printed("list").splitlines()[-1].endswith("  ok")


def test_the_json_list_has_everything(installed):
    listed = {each["name"]: each for each in json.loads(printed("list", "--json"))}
    assert listed["fine"] == {
        "name": "fine",
        "version": "1.0",
        "origin": "emoclass-fine",
        "load_milliseconds": 1.0,
        "error": None,
        "disabled": False,
        "rivals": [],
        "offers": {
            "datasets": [],
            "models": ["net"],
            "metrics": ["first", "second"],
            "recipes": [],
            "detectors": [],
        },
    }
    assert listed["off"]["disabled"]
    assert listed["off"]["error"] == "disabled by EMOCLASS_DISABLE_PLUGINS."
    assert listed["broken"]["error"] == "register_models is not marked: put @hookimpl above it."
    assert listed["twice"]["rivals"]


def test_one_plugin_is_shown_with_its_state():
    assert printed("show", "fine").splitlines()[3:] == [
        "state:      ok",
        "load time:  1.0 ms",
        "models:     net",
        "metrics:    first, second",
    ]
    assert printed("show", "off").splitlines()[-1] == "state:    disabled by EMOCLASS_DISABLE_PLUGINS."
