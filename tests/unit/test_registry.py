import sys

import pytest

from emoclass import DatasetSpec, MetricSpec, ModelSpec, Registry, hookimpl
from emoclass.errors import DuplicateNameError, PluginLoadError, UnknownNameError
from emoclass.registry import PluginInfo


def plugin(**answers):
    """Make a plugin object whose hooks return what is given, or raise it."""

    def hook(answer):
        def implementation(self):
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return hookimpl(implementation)

    return type("Plugin", (), {name: hook(answer) for name, answer in answers.items()})()


def model(name, summary="A network."):
    return ModelSpec(name=name, summary=summary, build="x:y", image_shape=(8, 8, 3))


def registered(*plugins):
    registry = Registry()
    for number, each in enumerate(plugins):
        registry.register(each, PluginInfo(f"p{number}", origin=f"dist{number}"))
    return registry


def test_specs_are_found_by_name_with_their_owner():
    registry = registered(plugin(register_models=[model("a"), model("b")]))
    assert registry.models.get("b").name == "b"
    assert registry.models.owners("b") == ["p0"]
    assert registry.plugins["p0"].offers["models"] == ["a", "b"]
    assert [spec.name for spec in registry.models.of("p0")] == ["a", "b"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (plugin(register_models=RuntimeError("no license")), "RuntimeError: no license"),
        (plugin(register_models=SystemExit(3)), "SystemExit: 3"),
        (plugin(register_models={"a": 1}), "register_models: expected a list, got dict"),
        (plugin(register_models=["a"]), "register_models: expected ModelSpec, got str"),
        (plugin(register_models=[model("a"), model("a")]), "the name 'a' stands twice"),
        (plugin(register_model=[]), "there is no hook 'register_model'; did you mean 'register_models'?"),
        (plugin(register_datasetz=[]), "did you mean 'register_datasets'?"),
    ],
)
def test_a_broken_plugin_is_kept_aside_with_its_reason_and_the_others_work(broken, reason):
    registry = registered(broken, plugin(register_models=[model("good")]))
    assert reason in registry.plugins["p0"].error
    assert registry.models.get("good")
    assert registry.models.names() == ["good"]
    with pytest.raises(PluginLoadError, match=r"plugin 'p0' \(dist0\)"):
        registry.plugin("p0")


def test_nothing_of_a_plugin_that_breaks_halfway_is_offered():
    half = plugin(register_datasets=[DatasetSpec(name="d", summary="D.", load="x:y")], register_models=ValueError("x"))
    assert registered(half).datasets.names() == []


def test_an_unknown_name_tells_close_ones_and_broken_plugins():
    registry = registered(plugin(register_models=[model("happysad")]), plugin(register_models=OSError("gone")))
    with pytest.raises(UnknownNameError, match=r"model 'hapysad'.*Did you mean happysad\?.*'p1' is broken.*gone"):
        registry.models.get("hapysad")
    with pytest.raises(UnknownNameError, match=r"dataset 'x': no plugin offers it\. No plugin offers any"):
        registry.datasets.get("x")


def test_a_name_that_two_plugins_offer_names_both_and_hurts_no_other():
    registry = registered(
        plugin(register_models=[model("same")]), plugin(register_models=[model("same"), model("other")])
    )
    with pytest.raises(DuplicateNameError, match="offered by p0 and by p1"):
        registry.models.get("same")
    assert registry.models.get("other")


def test_two_plugins_of_one_name_are_refused():
    registry = registered(plugin())
    with pytest.raises(DuplicateNameError, match="plugin 'p0': offered by dist0 and by elsewhere"):
        registry.register(plugin(), PluginInfo("p0", origin="elsewhere"))


def test_metrics_say_how_their_interval_is_made():
    with pytest.raises(ValueError, match="belong together"):
        MetricSpec(name="m", summary="M.", compute="x:y", interval="proportion")


ONE_FILE = """
from emoclass import ModelSpec, hookimpl

@hookimpl
def register_models():
    return [ModelSpec(name="mine", summary="Mine.", build="{stem}:build", image_shape=(8, 8, 3))]

def build(**_):
    return "built"
"""


def test_a_one_file_plugin_can_name_its_own_code(tmp_path):
    path = tmp_path / "one_file_plugin.py"
    path.write_text(ONE_FILE.format(stem=path.stem))
    registry = Registry()
    try:
        assert registry.load_file(path) == "one_file_plugin"
        from emoclass.refs import resolve

        assert resolve(registry.models.get("mine").build)() == "built"
    finally:
        sys.modules.pop("one_file_plugin", None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("absent.py", None, "no such file"),
        ("json.py", "", "a module named 'json' is in use already. Rename the file"),
        ("tensorflow.py", "", "a module named 'tensorflow' is in use already"),
        ("my-plugin.py", "", "is no module name"),
        ("raises_on_import.py", "1 / 0", "ZeroDivisionError"),
        ("syntax_error.py", "def", "SyntaxError"),
    ],
)
def test_a_file_that_is_no_plugin_says_why(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    before = set(sys.modules)
    with pytest.raises(PluginLoadError, match=message):
        Registry().load_file(tmp_path / name)
    assert not {"raises_on_import", "syntax_error"} & (set(sys.modules) - before)


def test_the_built_in_plugin_comes_in_through_the_same_door():
    found = Registry.discover()
    assert found.plugins["builtins"].error is None
    assert {"folder", "synthetic-faces"} <= set(found.datasets.names())
    assert "builtins" in found.metrics.owners("accuracy")


def test_two_distributions_with_a_plugin_of_one_name_leave_the_others_working(monkeypatch):
    class EntryPoint:
        def __init__(self, name, origin):
            self.name, self.value = name, origin
            self.dist = type("Distribution", (), {"version": "1", "name": origin})()

        def load(self):
            return plugin(register_models=[model(f"of-{self.value}")])

    found = [EntryPoint("faces", "dist-a"), EntryPoint("faces", "dist-b"), EntryPoint("other", "dist-c")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: found)
    registry = Registry.discover()
    assert registry.plugin("other").offers["models"] == ["of-dist-c"]
    assert "taken by the plugin of dist-a" in registry.plugins["faces (dist-b)"].error
    with pytest.raises(DuplicateNameError, match="plugin 'faces': offered by dist-a and by dist-b"):
        registry.plugin("faces")
