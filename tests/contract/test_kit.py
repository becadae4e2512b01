"""The kit itself: how checks are collected, run, expected to fail, and told of, with pytest and without."""

import importlib
import inspect
import json
import re
import sys

import pytest
from click.testing import CliRunner
from tiny import TinyPlugin, tiny_registry

import emoclass.testing
from emoclass.cli import cli
from emoclass.errors import ConfigError, UnknownNameError
from emoclass.testing import parametrize_with_checks, run_checks
from emoclass.testing.checks import CHECKS
from emoclass.testing.run import collect_checks
from emoclass.values.kinds import KINDS

MODULES = [
    importlib.import_module(f"emoclass.testing.checks.{name}")
    for name in ("plugin", "spec", *(kind.name for kind in KINDS), "saved_model")
]

LISTED = {check for checks in CHECKS.values() for check in checks}

FINE = """
from emoclass import MetricSpec, hookimpl


def misses(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    return float(np.average(y_score.argmax(axis=1) != y_true, weights=sample_weight))


def percent(y_true, y_score, *, labels, sample_weight=None):
    return 100 * misses(y_true, y_score, labels=labels, sample_weight=sample_weight)


@hookimpl
def register_metrics():
    return [MetricSpec(name="misses", summary="The share of misses.", compute=misses, direction="lower")]
"""
FAULTY = FINE.replace(
    'direction="lower")]',
    'direction="lower"), MetricSpec(name="percent", summary="The same in percent.", compute=percent)]',
)


@pytest.fixture
def one_file(tmp_path):
    """Return a function that writes a one-file plugin."""

    def write(text):
        path = tmp_path / "plugin_of_test_kit.py"
        path.write_text(text, encoding="utf-8")
        return path

    yield write
    sys.modules.pop("plugin_of_test_kit", None)


# The checks


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_check_is_listed_and_says_what_it_demands_and_why(module):
    defined = [
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("check_") and function.__module__ == module.__name__
    ]
    listed = [each for each in LISTED if each.__module__ == module.__name__]
    assert sorted(each.__name__ for each in listed) == sorted(each.__name__ for each in defined)
    for check in defined:
        demand, _, why = inspect.getdoc(check).partition("\n\n")
        assert re.fullmatch(r"[^\n]+\.", demand), f"{check.__name__}: {demand}"
        assert re.match(r"\S.+[.?!]$", why, re.DOTALL), f"{check.__name__} does not say why"


def test_checks_of_all_kinds_have_names_of_their_own():
    assert len(LISTED) == len({check.__name__ for check in LISTED})
    assert set(CHECKS) == {"plugin", *(kind.name for kind in KINDS)}


def test_every_public_name_resolves():
    assert all(getattr(emoclass.testing, name) for name in emoclass.testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        emoclass.testing.nothing  # noqa: B018 (looking it up is the point)


# Running them


def test_results_come_one_by_one_with_their_state_and_reason(one_file):
    results = run_checks(one_file(FAULTY), registry=tiny_registry())
    first = next(results)
    assert (first.check.name, first.status, first.message) == ("check_loads", "passed", "")
    found = {str(result.check): result for result in (first, *results)}
    failed = found["metric-percent-check_within_bounds"]
    assert failed.status == "failed"
    assert failed.message.startswith("metric 'percent' (plugin 'plugin_of_test_kit'): ")
    skipped = found["metric-misses-check_counts_give_the_value"]
    assert skipped.status == "skipped" and skipped.message
    assert failed.to_json() == {
        "check": "check_within_bounds",
        "kind": "metric",
        "target": "percent",
        "status": "failed",
        "message": failed.message,
        "seconds": round(failed.seconds, 3),
    }


def test_an_object_of_this_process_can_be_checked():
    names = [check.name for check in collect_checks(TinyPlugin(), tiny_registry())]
    assert names.count("check_output") == 1 and names.count("check_runs_one_epoch") == 1


def test_an_unknown_plugin_has_no_checks():
    with pytest.raises(UnknownNameError, match="Did you mean 'tiny"):
        collect_checks("tiny1", tiny_registry())


# Expected failures


def ended(results):
    return {str(result.check): (result.status, result.message) for result in results}


def test_a_failure_of_one_thing_can_be_expected_with_a_reason(one_file):
    reasons = {"check_within_bounds[percent]": "It counts to 100."}
    found = ended(run_checks(one_file(FAULTY), expected_failures=reasons, registry=tiny_registry()))
    assert found["metric-percent-check_within_bounds"] == ("expected failure", "It counts to 100.")
    assert found["metric-misses-check_within_bounds"] == ("passed", "")


def test_an_expected_failure_that_passes_is_a_failure(one_file):
    reasons = {"check_within_bounds": "They count to 100."}
    found = ended(run_checks(one_file(FAULTY), expected_failures=reasons, registry=tiny_registry()))
    assert found["metric-percent-check_within_bounds"][0] == "expected failure"
    status, message = found["metric-misses-check_within_bounds"]
    assert status == "failed"
    assert "expected a failure (They count to 100.), and it passed. Take it out" in message


@pytest.mark.parametrize("how", [lambda *a, **k: list(run_checks(*a, **k)), parametrize_with_checks])
@pytest.mark.parametrize(
    ("reasons", "message"),
    [
        ({"check_in_bounds": "why"}, "the plugin has no check 'check_in_bounds'. Did you mean 'check_within_bounds'?"),
        ({"check_weights[mises]": "why"}, "Did you mean 'check_weights[misses]'?"),
        ({"check_weights": " "}, "'check_weights' has no reason. Say why the check fails."),
    ],
)
def test_an_expected_failure_names_a_check_and_a_reason(one_file, how, reasons, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        how(one_file(FINE), expected_failures=reasons, registry=tiny_registry())


# With pytest

WITH_PYTEST = """
from emoclass.testing import parametrize_with_checks
from tiny import tiny_registry

REASONS = {{"check_within_bounds": "They count to 100.", "check_perfect_inverted_constant[percent]": "So it is."}}


@parametrize_with_checks({plugin!r}, expected_failures=REASONS, registry=tiny_registry())
def test_conforms(check):
    check()
"""


def test_pytest_runs_each_check_as_a_test_and_expects_failures_strictly(one_file, pytester):
    pytester.makepyfile(WITH_PYTEST.format(plugin=str(one_file(FAULTY))))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rA")
    ends = dict(
        reversed(each) for each in re.findall(r"^(PASSED|FAILED|XFAIL) \S+\[(\S+)\]", result.stdout.str(), re.M)
    )
    assert ends["metric-percent-check_within_bounds"] == "XFAIL"
    assert ends["metric-misses-check_within_bounds"] == "FAILED"
    assert ends["metric-percent-check_perfect_inverted_constant"] == "XFAIL"
    assert ends["metric-misses-check_perfect_inverted_constant"] == "PASSED"
    result.stdout.fnmatch_lines(["*[[]XPASS(strict)[]] They count to 100.*", "SKIPPED*"])


# On the command line


def invoked(*args):
    return CliRunner().invoke(cli, ["plugins", "check", *map(str, args)])


def test_the_command_prints_a_row_for_each_check_and_exits_with_0_where_none_fails(one_file):
    done = invoked(one_file(FINE))
    assert done.exit_code == 0, done.output
    assert "plugin plugin_of_test_kit" in done.output and "metric misses" in done.output
    rows = re.findall(r"^  (check_\w+) +(ok|skipped|FAILED) +[\d.]+", done.output, re.MULTILINE)
    assert len(rows) == len({name for name, _ in rows}) == len(CHECKS["plugin"]) + len(CHECKS["metric"])
    assert {"ok", "skipped"} == {state for _, state in rows}
    assert re.search(r"^\d+ passed, 0 failed, \d+ skipped$", done.output, re.MULTILINE)


def test_the_command_exits_with_1_where_a_check_fails_and_says_what_is_wrong(one_file):
    done = invoked(one_file(FAULTY), "--only", "check_within_bounds")
    assert done.exit_code == 1
    assert re.findall(r"^  check_within_bounds +(\w+)", done.output, re.MULTILINE) == ["ok", "FAILED"]
    assert "metric 'percent' (plugin 'plugin_of_test_kit'): expected a value" in done.output.replace("valid ", "")


def test_the_command_checks_a_plugin_that_does_not_load(one_file):
    done = invoked(one_file("import facenet_extras\n"))
    assert done.exit_code == 1
    assert "No module named 'facenet_extras'" in done.output


def test_the_command_gives_one_json_document(one_file):
    done = invoked(one_file(FAULTY), "--only", "check_within_bounds", "--json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert (document["plugin"], document["passed"], document["failed"]) == ("plugin_of_test_kit", 1, 1)
    assert [each["target"] for each in document["checks"]] == ["misses", "percent"]


def test_an_unknown_check_is_refused_with_the_close_one(one_file):
    done = invoked(one_file(FINE), "--only", "check_wieghts")
    assert isinstance(done.exception, ConfigError)
    assert "Did you mean 'check_weights'?" in str(done.exception)
