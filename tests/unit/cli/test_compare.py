"""`emoclass compare`: what it prints, what it writes, and how it exits."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from finished_runs import write_run

from emoclass.cli import cli, main

TRUTH = "hhhhhhhhhhhhssssssss"
HALF = "hhhhhhsssssssssshhhh"
GOOD = "hhhhhhhhhhsssssssshh"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Go to a folder with three runs, the last of them tested on other images."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "half", TRUTH, HALF)
    write_run(tmp_path / "good", TRUTH, GOOD)
    write_run(tmp_path / "other", TRUTH, GOOD, ids=[f"{number}.jpg" for number in range(20)])
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, ["compare", *arguments], catch_exceptions=False)


def test_the_table_has_a_row_a_run_and_a_verdict_a_difference(runs):
    result = run("half", "good")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "2 runs on the same 20 test images; happy, sad"
    assert "half  0.500 [0.400, 0.600]  n = 20" in lines
    assert "good  0.800 [0.700, 0.900]  n = 20" in lines
    assert "Difference from half, in percentage points:" in lines
    [row] = [line.split() for line in lines if line.startswith("good  +30.0 [")]
    assert row[-5:] == ["6", "0", "p", "=", "0.031"]
    assert lines[-1] == "good: more than chance, better (McNemar's exact test, p = 0.031)."


def test_a_comparison_by_chance_is_no_failure(runs):
    write_run(runs / "same", TRUTH, HALF)
    result = run("half", "same")
    assert result.exit_code == 0 and "same: may be chance" in result.output
    assert "+0.0 (no interval: all 10000 resamples give the same value)" in result.output


def test_three_runs_have_a_corrected_p_value(runs):
    write_run(runs / "also", TRUTH, GOOD)
    output = run("half", "good", "also").output
    assert "p-value    corrected" in output and output.count("p = 0.031  p = 0.062") == 2


def test_json_is_one_document(runs):
    document = json.loads(run("half", "good", "--json", "--plot", "plot.png").output)
    assert [each["name"] for each in document["runs"]] == ["half", "good"]
    assert document["differences"][0]["more_than_chance"] is True
    assert (runs / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_plot_is_written_and_named(runs):
    assert run("half", "good", "--plot", "plot.png").output.endswith("Plot: plot.png\n")
    assert sorted(path.name for path in runs.iterdir()) == ["good", "half", "other", "plot.png"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["half", "other"], 1, "20 (0.png, 1.png, ...) only in half"),
        (["half", "half"], 1, "got this one twice"),
        (["half", "nowhere"], 1, "found none"),
        (["half", "good", "--plot", "nowhere/plot.png"], 1, "cannot be written"),
        (["half"], 2, "at least two run folders, got 1"),
        ([], 2, "Missing argument"),
        (["half", "good", "--plot", "plot.pdf"], 2, "name of a PNG file"),
        (["half", "good", "--resamples", "5"], 2, "--resamples"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_failures_are_a_sentence_and_an_exit_code(runs, capsys, arguments, code, said):
    with pytest.raises(SystemExit) as exit:
        main(["compare", *arguments])
    printed = capsys.readouterr()
    assert exit.value.code == code and printed.out == "" and said in printed.err
