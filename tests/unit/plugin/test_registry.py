import copy
import pickle
import re
import sys
import types

import pytest

from emoclass import DatasetSpec, MetricSpec, ModelSpec, Registry, hookimpl
from emoclass.errors import DuplicateNameError, PluginLoadError, UnknownNameError
from emoclass.plugin.hookspecs import HOOKSPEC_VERSION
from emoclass.plugin.registry import PluginInfo


def plugin(**answers):
    """Make a plugin object whose hooks return what is given, raise it, or call it."""

    def hook(answer):
        def implementation(self):
            if isinstance(answer, BaseException):
                raise answer
            return answer() if callable(answer) else answer

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
        (plugin(register_models=None), "register_models: expected a list, got None. Is its `return` missing?"),
        (
            plugin(prepare=[]),
            "there is no hook 'prepare' (known: register_datasets, register_models, register_metrics, "
            "register_recipes, register_detectors). A newer emoclass may have it.",
        ),
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
    with pytest.raises(UnknownNameError, match=r"model 'hapysad'.*Did you mean 'happysad'\?.*'p1' is broken.*gone"):
        registry.models.get("hapysad")
    with pytest.raises(UnknownNameError, match=r"dataset 'x': not provided by any plugin\. No plugin provides any"):
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
        from emoclass.values.references import resolve

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


class EntryPoint:
    """An entry point of a distribution; by default its plugin offers a model that is named after that."""

    def __init__(self, name, origin, found=None):
        self.name, self.value, self.found = name, origin, found
        self.dist = type("Distribution", (), {"version": "1", "name": origin})()

    def load(self):
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found or plugin(register_models=[model(f"of-{self.value}")])


@pytest.fixture
def discovered(monkeypatch):
    """Return what discovers a registry of the given entry points."""

    def discover(*found):
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: list(found))
        return Registry.discover()

    return discover


def test_two_distributions_with_a_plugin_of_one_name_leave_the_others_working(discovered):
    registry = discovered(EntryPoint("faces", "dist-a"), EntryPoint("faces", "dist-b"), EntryPoint("other", "dist-c"))
    assert registry.plugin("other").offers["models"] == ["of-dist-c"]
    assert "taken by the plugin of dist-a" in registry.plugins["faces (dist-b)"].error
    with pytest.raises(DuplicateNameError, match="plugin 'faces': offered by dist-a and by dist-b"):
        registry.plugin("faces")


# Mistakes that authors make


def module(name="a_plugin", **names):
    """Make a plugin module; functions among the names are defined in it."""
    made = types.ModuleType(name)
    for key, value in names.items():
        if isinstance(value, types.FunctionType) and value.__module__ == __name__:
            value.__module__ = name
        setattr(made, key, value)
    return made


def error_of(each):
    """Return why a plugin is broken."""
    return registered(each).plugins["p0"].error


def test_a_plugin_may_say_which_hook_specification_it_was_made_for():
    assert error_of(module(EMOCLASS_HOOKSPEC=1)) is None
    assert error_of(plugin()) is None
    newer = error_of(module(EMOCLASS_HOOKSPEC=HOOKSPEC_VERSION + 1))
    assert newer.startswith(f"made for hook specification {HOOKSPEC_VERSION + 1}, and this emoclass ")
    assert newer.endswith(f" supports {HOOKSPEC_VERSION}. Upgrade emoclass.")


@pytest.mark.parametrize("version", ["1", 1.0, True, None, 0])
def test_a_hook_specification_that_is_no_number_is_told(version):
    assert f"expected a whole number from 1, such as 1, got {version!r}" in error_of(module(EMOCLASS_HOOKSPEC=version))


def test_a_plugin_for_a_newer_emoclass_is_told_so_whatever_else_is_unknown_about_it():
    def hook_of_the_future():
        return []

    newer = module(EMOCLASS_HOOKSPEC=99, register_exporters=hookimpl(hook_of_the_future))
    assert "Upgrade emoclass" in error_of(newer)
    assert error_of(module(register_exporters=hookimpl(hook_of_the_future, optionalhook=True))) is None


def test_a_name_that_a_newer_emoclass_may_have_is_told_when_it_cannot_be_imported(discovered):
    missing = ImportError("cannot import name 'VideoSpec'", name="emoclass.values.specs")
    error = discovered(EntryPoint("p", "d", missing)).plugins["p"].error
    assert error.startswith("ImportError: cannot import name 'VideoSpec'")
    assert error.endswith("A newer emoclass may have it.")


def test_an_argument_that_a_hook_does_not_have_is_told():
    def register_models(config):
        return []

    def optional(verbose=False, *more, **others):
        return []

    assert error_of(module(register_models=hookimpl(register_models))) == (
        "register_models: there is no argument 'config' (known: none). A newer emoclass may have it."
    )
    assert error_of(module(register_models=hookimpl(optional))) is None


def test_a_class_in_place_of_an_instance_is_told():
    assert "name an instance of it" in error_of(type(plugin(register_models=[])))


def test_a_hook_without_its_mark_is_told():
    class Unmarked:
        def register_models(self):
            return []

    def register_models():
        return []

    told = "register_models is not marked: put @hookimpl above it."
    assert error_of(Unmarked()) == told
    assert error_of(module(register_models=register_models)) == told


def test_a_function_that_was_only_imported_needs_no_mark():
    def register_models():
        return []

    register_models.__module__ = "elsewhere"
    assert error_of(module(register_models=register_models)) is None
    assert error_of(module(register_models=[])) is None


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: ModelSpec(name="a", summary="A.", build="x:y", img_shape=(8, 8, 3), image_shape=(8, 8, 3)),
            "there is no field 'img_shape' (did you mean 'image_shape'?). A newer emoclass may have it.",
        ),
        (
            lambda: DatasetSpec(name="a", summary="A.", load="x:y", zzz=1),
            "there is no field 'zzz' (known: name, summary, load, emotions,",
        ),
        (lambda: ModelSpec(name="a", summary="A.", build="x:y"), "'image_shape' is required."),
        (
            lambda: ModelSpec(name="a", summary="A.", build="x:y", image_shape=(8, 8, 2)),
            "image_shape.2: input should be 1 or 3, got 2.",
        ),
        (
            lambda: model("My Net"),
            "name: expected lower-case letters, digits, '-' and '_', the first a letter or digit,",
        ),
        (
            lambda: MetricSpec(name="m", summary="M.", compute="x:y", interval="proportion"),
            "): interval='proportion' and counts=... belong together.",
        ),
        (lambda: model("a", summary="x" * 300), f"got '{'x' * 59}..."),
    ],
)
def test_a_wrong_description_is_told_with_its_field_and_its_line(make, told):
    error = error_of(plugin(register_models=lambda: [make()]))
    assert error.startswith("register_models: ")
    assert told in error
    assert "Spec (test_registry.py, line " in error
    assert "\n" not in error and "pydantic" not in error


def test_an_error_is_told_with_the_last_line_of_the_plugin_before_it_went_into_libraries(tmp_path):
    path = tmp_path / "fails_deep.py"
    path.write_text("import json\n\n\ndef read():\n    return json.loads('{')\n\n\nread()\n")
    with pytest.raises(PluginLoadError, match=r"JSONDecodeError: .* \(fails_deep\.py, line 5\)\.$"):
        Registry().load_file(path)


# Names


def builtins_and(*others):
    """Return a registry of a plugin of emoclass's own, which offers the model `taken`, and others."""
    registry = Registry()
    registry.register(plugin(register_models=[model("taken")]), PluginInfo("own", origin="emoclass"))
    for number, each in enumerate(others):
        registry.register(each, PluginInfo(f"p{number}", origin=f"dist{number}"))
    return registry


def test_a_name_that_emoclass_itself_offers_is_reserved():
    registry = builtins_and(plugin(register_models=[model("taken"), model("free")]))
    assert registry.plugins["p0"].error == (
        "offers model 'taken', a name that emoclass itself offers. Choose another name."
    )
    assert registry.models.owners("taken") == ["own"]
    assert registry.models.names() == ["taken"]


def test_names_are_reserved_within_their_kind_and_for_files_too(tmp_path):
    dataset = DatasetSpec(name="taken", summary="D.", load="x:y")
    registry = builtins_and(plugin(register_datasets=[dataset]))
    assert registry.datasets.get("taken")
    path = tmp_path / "offers_taken.py"
    path.write_text(ONE_FILE.format(stem=path.stem).replace('"mine"', '"taken"'))
    try:
        with pytest.raises(PluginLoadError, match=r"offers model 'taken', a name that emoclass itself offers\. Choose"):
            registry.load_file(path)
    finally:
        sys.modules.pop("offers_taken", None)


def test_names_are_reserved_whatever_the_order_of_distributions(discovered):
    same = plugin(register_models=[model("same")])
    own = EntryPoint("own", "Emoclass", plugin(register_models=[model("same")]))
    registry = discovered(EntryPoint("first", "a", same), own, EntryPoint("own", "b"))
    assert registry.plugins["own"].error is None
    assert "offers model 'same'" in registry.plugins["first"].error
    assert registry.plugins["own (b)"].error == "the plugin name 'own' is emoclass's own. Choose another name."
    assert registry.plugin("own").name == "own"


def test_of_a_name_that_several_offer_the_preferred_plugins_is_meant():
    first, second = model("same", summary="First."), model("same", summary="Second.")
    registry = registered(plugin(register_models=[first]), plugin(register_models=[second]), plugin())
    assert registry.models.get("same", prefer="p1") == second
    assert registry.models.get("same", prefer="p0") == first
    for prefer in ("p2", None):
        with pytest.raises(DuplicateNameError, match="offered by p0 and by p1"):
            registry.models.get("same", prefer=prefer)
    assert registered(plugin(register_models=[first])).models.get("same", prefer="p1") == first


# Asking again


def test_a_plugin_can_be_asked_again_and_nothing_is_registered_twice():
    each = plugin(register_models=[model("a")])
    registry = registered(each)
    assert registry.module("p0") is each
    for _ in range(2):
        asked = registry.ask("p0")
        assert asked == {"datasets": [], "models": [model("a")], "metrics": [], "recipes": [], "detectors": []}
    assert registry.models.owners("a") == ["p0"]


def test_asking_again_tells_what_fails_the_second_time():
    answers = iter([[model("a")]])
    registry = registered(plugin(register_models=lambda: next(answers)), plugin(register_models=OSError("gone")))
    with pytest.raises(PluginLoadError, match=r"plugin 'p0' \(dist0\): called again: register_models: StopIteration"):
        registry.ask("p0")
    for look in (registry.ask, registry.module):
        with pytest.raises(PluginLoadError, match=r"plugin 'p1' \(dist1\): register_models: OSError: gone"):
            look("p1")
        with pytest.raises(UnknownNameError, match="plugin 'p9'"):
            look("p9")


# The two environment variables


def test_a_disabled_plugin_is_not_imported_and_everything_says_so(discovered, monkeypatch):
    monkeypatch.setenv("EMOCLASS_DISABLE_PLUGINS", " off, ,")
    off = EntryPoint("off", "dist-a", AssertionError("it was imported"))
    registry = discovered(off, EntryPoint("on", "dist-b"))
    info = registry.plugins["off"]
    assert (info.disabled, info.error) == (True, "disabled by EMOCLASS_DISABLE_PLUGINS.")
    assert registry.broken() == []
    assert not registry.plugin("on").disabled
    with pytest.raises(
        PluginLoadError, match=r"plugin 'off' \(dist-a\): disabled by EMOCLASS_DISABLE_PLUGINS\. Take its"
    ):
        registry.plugin("off")
    with pytest.raises(
        UnknownNameError, match=r"Plugin 'off' may be .* and is disabled by EMOCLASS_DISABLE_PLUGINS\.$"
    ):
        registry.models.get("of-dist-a")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'off'.*\? Plugin 'off' .* disabled by EMOCLASS"):
        registry.plugin("of")


def test_a_disabled_name_that_no_plugin_has_is_warned_of(discovered, monkeypatch, caplog):
    monkeypatch.setenv("EMOCLASS_DISABLE_PLUGINS", "fases,faces")
    discovered(EntryPoint("faces", "dist-a"))
    assert caplog.messages == ["EMOCLASS_DISABLE_PLUGINS: there is no plugin 'fases'; known are faces."]


def test_tracing_tells_imports_hook_calls_and_tracebacks_on_stderr(discovered, monkeypatch, capsys):
    monkeypatch.setenv("EMOCLASS_TRACE_PLUGINS", "1")
    entry_points = [
        EntryPoint("good", "a", plugin(register_models=[model("x"), model("y")], register_recipes=[])),
        EntryPoint("bad", "b", plugin(register_models=RuntimeError("out of order"))),
        EntryPoint("gone", "c", ModuleNotFoundError("no such module")),
    ]
    discovered(*entry_points)
    told = capsys.readouterr()
    assert told.out == ""
    lines = [re.sub(r"\d+\.\d ms", "T ms", line) for line in told.err.splitlines()]
    assert [line for line in lines if line.startswith("[plugin good]")] == [
        "[plugin good] import: Plugin (T ms)",
        "[plugin good] register_models: models x, y (T ms)",
        "[plugin good] register_recipes: no recipes (T ms)",
    ]
    start = lines.index("[plugin bad] register_models failed (T ms)")
    assert lines[start + 1] == "Traceback (most recent call last):"
    assert "test_registry.py" in lines[start + 2]  # the plugin's own line comes first
    assert "RuntimeError: out of order" in lines
    assert lines[-1].startswith("[plugin gone] set aside: ModuleNotFoundError: no such module")


@pytest.mark.parametrize("value", [None, "", "0"])
def test_nothing_is_traced_unasked(discovered, monkeypatch, capsys, value):
    monkeypatch.delenv("EMOCLASS_TRACE_PLUGINS", raising=False)
    if value is not None:
        monkeypatch.setenv("EMOCLASS_TRACE_PLUGINS", value)
    discovered(EntryPoint("good", "a"), EntryPoint("gone", "c", ImportError("x")))
    assert capsys.readouterr() == ("", "")


def test_a_pickled_registry_finds_its_plugins_again(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from emoclass import MetricSpec, hookimpl\n"
        "def half(y_true, y_score, *, labels, sample_weight=None):\n    return 0.5\n"
        "@hookimpl\ndef register_metrics():\n"
        "    return [MetricSpec(name='half', summary='H.', compute=half, interval='none')]\n"
    )
    registry = Registry.discover()
    registry.load_file(file)
    for again in (pickle.loads(pickle.dumps(registry)), copy.deepcopy(registry)):
        assert list(again.plugins) == list(registry.plugins)
        assert again.metrics.get("half").summary == "H."
        assert again is not registry


def test_a_registry_of_objects_says_why_it_cannot_be_pickled():
    registry = Registry()
    registry.register(plugin(register_models=[model("x")]), PluginInfo("tiny", origin="tests"))
    with pytest.raises(TypeError, match=r"registered as objects: tiny\. Make another Registry in the other process"):
        pickle.dumps(registry)
