"""`emoclass run --folds` and `--seeds`: what is printed, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from emoclass import RunResult, StudyResult, cli
from emoclass.errors import ConfigError
from emoclass.values.results import MetricValue
from emoclass.workflows import cross_validate as workflow


def part(accuracy: float, precision: float | None) -> RunResult:
    return RunResult(
        folder=Path("part"), plugin="happysad", recipe="happysad", labels=("happy", "sad"), n_samples={"test": 32},
        metrics={
            "accuracy": MetricValue(value=accuracy, n_samples=32),
            "precision": MetricValue(value=precision, n_samples=10),
        },
    )  # fmt: skip


def result(kind: str = "folds") -> StudyResult:
    pooled = {
        name: MetricValue(value=0.75, ci_low=0.6, ci_high=0.9, n_samples=64) for name in ("accuracy", "precision")
    }
    return StudyResult(
        folder=Path("study"), kind=kind, plugin="happysad", recipe="happysad", labels=("happy", "sad"),
        headline=("accuracy", "precision"), parts={"fold-1": part(0.5, None), "fold-2": part(1.0, 0.8)},
        pooled=pooled if kind == "folds" else {}, notes=("Mind the gap.",),
    )  # fmt: skip


@pytest.fixture
def asked(monkeypatch) -> dict[str, object]:
    """Play the studies, and keep what they were asked for."""
    found: dict[str, object] = {}

    def play(kind):
        def played(**settings):
            found.update(settings)
            return result(kind)

        return played

    monkeypatch.setattr(workflow, "cross_validate", play("folds"))
    monkeypatch.setattr(workflow, "repeat", play("seeds"))
    return found


def run(*arguments: str):
    return CliRunner().invoke(cli.cli, ["run", *arguments], catch_exceptions=False)


def test_folds_print_each_run_the_spread_and_the_pooled_figures(asked) -> None:
    done = run("--plugin", "happysad", "--folds", "2", "--epochs", "3", "--quiet")
    assert (asked["folds"], asked["epochs"], asked["plugin"]) == (2, 3, "happysad")
    assert done.stdout.splitlines() == [
        "happysad: 2 folds of 64 images; 0 = happy, 1 = sad",
        "Note: Mind the gap.",
        "           accuracy  precision  test images",
        "fold-1     0.500     undefined  32",
        "fold-2     1.000     0.800      32",
        "mean       0.750     0.800",
        "std. dev.  0.354     -",
        "minimum    0.500     0.800",
        "maximum    1.000     0.800",
        "precision: defined in 1 of 2 folds only",
        "The spread over folds is not a confidence interval: the folds share training images, and the variance of "
        "their mean has no unbiased estimator (Bengio and Grandvalet, 2004).",
        "Pooled over the folds (each image predicted once, by the model that did not train on it):",
        "accuracy   0.750  [0.600, 0.900]  n = 64, test",
        "precision  0.750  [0.600, 0.900]  n = 64, test",
        f"Report: {Path('study') / 'report.html'}",
    ]


def test_seeds_print_the_spread_and_pool_nothing(asked) -> None:
    done = run("--plugin", "happysad", "--seeds", "0, 1,2", "--quiet")
    assert asked["seeds"] == (0, 1, 2)
    assert "2 seeds; 0 = happy" in done.stdout and "Pooled" not in done.stdout
    assert "all runs use the same images" in done.stdout


def test_json_is_one_document(asked) -> None:
    document = json.loads(run("--plugin", "happysad", "--folds", "2", "--json").stdout)
    assert document == result().to_json()
    assert document["spread"]["accuracy"] == {
        "mean": 0.75, "sd": pytest.approx(0.3536, abs=1e-4), "minimum": 0.5, "maximum": 1.0, "n": 2,
    }  # fmt: skip


def test_a_folder_with_a_study_is_resumed_as_one(tmp_path, monkeypatch) -> None:
    (tmp_path / "study.toml").write_text("folds = 2")
    monkeypatch.setattr(workflow, "resume_study", lambda folder, *, plugin, progress: result())
    assert "Report:" in run("--resume", str(tmp_path), "--quiet").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--folds", "3", "--seeds", "1,2"], "either --folds or --seeds"),
        (["--seeds", "1,x"], "--seeds 1,x: expected whole numbers"),
        (["--resume", "somewhere", "--folds", "3"], "got --folds as well"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(arguments, said) -> None:
    with pytest.raises(ConfigError, match=said):
        run("--plugin", "happysad", *arguments)


@pytest.mark.parametrize("arguments", [["--folds", "1"], ["--seeds", "1,1"], ["--seeds", "0,1", "--seed", "2"]])
def test_bad_numbers_end_with_exit_code_2(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "--plugin", "happysad", *arguments])
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_ctrl_c_prints_the_command_that_resumes_the_study(monkeypatch) -> None:
    def interrupted(*, progress, **settings):
        progress.folder = Path("runs/study")
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "cross_validate", interrupted)
    done = run("--plugin", "happysad", "--folds", "2", "--quiet")
    assert done.exit_code == 130
    assert f"Continue with: emoclass run --resume {Path('runs/study')}" in done.stderr
