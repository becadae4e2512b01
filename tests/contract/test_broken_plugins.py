"""Plugins with the slips that authors make: the kit names each fault, and none of them stops another plugin.

Each file in broken/ has one fault, and says which check names it (CAUGHT_BY), with what words (MESSAGE), and which
of the cheap checks fail besides (ALSO).
"""

import ast
import contextlib
import importlib
import io
import json
import re
import sys
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny import TinyPlugin, draw_photographs, tiny_registry

import emoclass
from emoclass import Registry
from emoclass.cli import cli
from emoclass.errors import EmoclassError
from emoclass.plugin import builtins
from emoclass.testing.checks import CHECKS, plugin, spec
from emoclass.testing.run import collect_checks, run_check

FOLDER = Path(__file__).with_name("broken")
BROKEN = sorted(FOLDER.glob("*.py"))
CHEAP = {check.__name__ for check in (*plugin.CHECKS, *spec.CHECKS, *spec.CODE_CHECKS)} - {
    "check_imports_nothing_heavy"  # starts a process
}


def said(path, constant, otherwise=None):
    """Return a constant of a file that cannot be imported, and perhaps not even parsed."""
    found = re.search(rf"^{constant} = (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return ast.literal_eval(found[1]) if found else otherwise


UNLOADABLE = [path for path in BROKEN if said(path, "CAUGHT_BY") == "check_loads"]


@pytest.fixture
def checks(path):
    yield collect_checks(path, tiny_registry())
    sys.modules.pop(path.stem, None)


def failures(checks):
    with warnings.catch_warnings(record=True):  # what a broken plugin makes Keras warn of is no concern of ours
        results = [run_check(check) for check in checks]
    return [result for result in results if result.status == "failed"]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_kit_names_the_fault(path, checks):
    chosen = [check for check in checks if check.name == said(path, "CAUGHT_BY")]
    assert chosen, f"it has only {', '.join(check.name for check in checks)}"
    (failure,) = failures(chosen)
    assert said(path, "MESSAGE") in failure.message
    subject = f"plugin {path.stem!r}"
    if failure.check.spec is not None:
        subject = f"{failure.check.kind} {failure.check.target!r} ({subject})"
    assert failure.message.startswith(f"{subject}: ")
    assert failure.message.endswith((".", "?"))
    assert not re.search(r"\n|[^.]\.\.([^./]|$)|\?\.", failure.message), "it is no single line of sentences"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_one_fault_fails_no_other_cheap_check(path, checks):
    others = [check for check in checks if check.name in CHEAP and check.name != said(path, "CAUGHT_BY")]
    assert {failure.check.name for failure in failures(others)} == set(said(path, "ALSO", []))


DETECTORS = [path for path in BROKEN if "register_detectors" in path.read_text(encoding="utf-8")]
BUILDABLE = [path for path in DETECTORS if said(path, "CAUGHT_BY") != "check_signatures"]


@pytest.mark.parametrize("path", BUILDABLE, ids=lambda path: path.stem)
def test_one_fault_of_a_detector_fails_no_other_check_of_detectors(path, checks):
    others = [check for check in checks if check.kind == "detector" and check.name != said(path, "CAUGHT_BY")]
    assert {failure.check.name for failure in failures(others)} == set()


def test_every_check_that_is_of_detectors_alone_has_a_broken_one():
    own = {check.__name__ for check in CHECKS["detector"]} - CHEAP
    assert {said(path, "CAUGHT_BY") for path in BUILDABLE} == own


def test_a_model_that_changes_keras_for_the_whole_process_spoils_no_other_check():
    import keras

    before = keras.config.dtype_policy().name
    checks = collect_checks(FOLDER / "global_policy.py", tiny_registry())
    found = failures(check for check in checks if check.kind == "model" and check.name != "check_exported_file_agrees")
    sys.modules.pop("global_policy", None)
    assert [failure.check.name for failure in found] == ["check_builds_share_nothing"]
    assert keras.config.dtype_policy().name == before


class Installed:
    """An entry point of a plugin that some distribution brings."""

    value = "tests"
    dist = None

    def __init__(self, name, load):
        self.name = name
        self.load = load


class Distribution:
    name = "emoclass"
    version = emoclass.__version__


@pytest.fixture(scope="module")
def crowd():
    """Install the built-in plugin, the tiny one, and every broken one."""
    own = Installed("builtins", lambda: builtins)
    own.dist = Distribution()
    broken = [Installed(path.stem, lambda name=path.stem: importlib.import_module(name)) for path in BROKEN]
    installed = [*broken, own, Installed("tiny", TinyPlugin)]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        patch.setattr("importlib.metadata.entry_points", lambda group: installed)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            registry = Registry.discover()
        assert printed.getvalue() == ""
        yield registry
    for path in BROKEN:
        sys.modules.pop(path.stem, None)


def test_all_broken_plugins_together_stop_no_run_of_another(crowd, tmp_path, capsys):
    assert {info.name for info in crowd.broken()} == {path.stem for path in UNLOADABLE}
    photographs = draw_photographs(tmp_path / "photographs", {"happy": 12, "sad": 12})
    result = emoclass.run("tiny", data=photographs, epochs=1, out=tmp_path / "runs", registry=crowd)
    assert result.metrics["accuracy"].n_samples == result.n_samples["test"] > 0
    assert capsys.readouterr().out == ""


def test_all_broken_plugins_together_are_listed_with_their_reasons(crowd):
    listed = CliRunner().invoke(cli, ["plugins", "list"])
    assert listed.exit_code == 0, listed.output
    for path in UNLOADABLE:
        assert f"{path.stem} is broken: " in listed.output
        assert said(path, "MESSAGE") in listed.output
    documents = json.loads(CliRunner().invoke(cli, ["plugins", "list", "--json"]).stdout)
    assert {each["name"] for each in documents if each["error"]} == {path.stem for path in UNLOADABLE}


ASKED = [
    *(("plugin", path.stem, said(path, "MESSAGE")) for path in UNLOADABLE),
    ("plugin", "unknown_model", "model 'tinny': not provided by any plugin. Did you mean 'tiny'?"),
    ("plugin", "misspelt_setting", "unknown key 'training.epoch'; did you mean 'epochs'?"),
    ("model", "dangling-reference", "Did you mean 'build'?"),
    ("model", "build-without-seed", "unexpected keyword argument 'seed'"),
    ("model", "option-without-default", "missing a required argument: 'width'"),
    ("model", "fixed-output", "expected output (None, 1), got (None, 2)"),
    ("model", "compiled", "is compiled"),
    ("model", "forgotten-return", "expected a keras.Model, got NoneType"),
    ("dataset", "plain-dicts", "expected Samples, got dict"),
    ("dataset", "absolute-paths", "expected paths inside the root"),
    ("dataset", "escaping-paths", "expected paths inside the root"),
    ("dataset", "repeated-ids", "expected unique ids"),
    ("dataset", "split-of-some", "expected an official split for all images or none"),
    ("dataset", "raw-pixels", "not an image"),
]


@pytest.mark.parametrize(("argument", "name", "reason"), ASKED, ids=[name for _, name, _ in ASKED])
def test_a_run_with_what_a_broken_plugin_offers_ends_with_the_reason(crowd, tmp_path, argument, name, reason):
    photographs = draw_photographs(tmp_path / "photographs", {"happy": 3, "sad": 3})
    settings = {"plugin": "tiny", "data": photographs, "epochs": 1, "out": tmp_path / "runs", argument: name}
    with pytest.raises(EmoclassError) as caught:
        emoclass.run(**settings, registry=crowd)
    assert reason in str(caught.value)
    assert not list(tmp_path.glob("runs/*"))
