"""`emoclass audit --labels`: which options go together, and what is printed."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from emoclass.auditing.label_quality import SuspectedLabel, SuspectedLabels
from emoclass.cli import cli
from emoclass.errors import ConfigError
from emoclass.workflows import suspected_labels as workflow


def run(*arguments):
    return CliRunner().invoke(cli, ["audit", *arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photos", "--labels", "--strict"], "--strict: cannot be combined with --labels"),
        (["photos", "--labels", "--report", "a.html"], "--report: cannot be combined with --labels"),
        (["photos", "--folds", "3"], "--folds: belongs to --labels, which is missing"),
        (["photos", "--map", "smile=happy"], "--map: belongs to --labels"),
        (
            ["photos", "--labels", "--map", "smile=happy", "--map", "smile=sad"],
            "--map smile: expected one emotion, got happy and",
        ),
        (
            ["--labels", "--study", "runs/a", "--epochs", "3"],
            "--study: uses the data and settings it was started with, got",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, message):
    result = run(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert message in result.exception.message


@pytest.fixture
def found(tmp_path, monkeypatch):
    suspect = SuspectedLabel(
        id="a", path="sad/a.jpg", label="sad", suggestion="happy", label_probability=0.1, suggestion_probability=0.9,
        score=0.2, issue=True,
    )  # fmt: skip
    found = SuspectedLabels(
        study=tmp_path, table=tmp_path / "a.csv", sheet=tmp_path / "a.png", plugin="p", recipe="r",
        labels=("happy", "sad"), n_images=20, n_commonest=10, accuracy=None, suspects=(suspect,),
    )  # fmt: skip
    asked = SimpleNamespace()

    def search(root, **settings):
        asked.root, asked.settings = root, settings
        return found

    monkeypatch.setattr(workflow, "suspected_labels", search)
    return asked


def test_the_worst_are_printed_with_what_they_are_worth(found):
    result = run("photos", "--labels", "--epochs", "3", "--quiet")
    assert result.exit_code == 0
    assert "1     sad/a.jpg  sad 0.100  happy 0.900  yes" in result.stdout
    assert "The model agrees with 19 of 20 labels" in result.stdout
    assert (found.root, found.settings["epochs"], found.settings["folds"]) == ("photos", 3, 5)


def test_json_is_one_document(found):
    document = json.loads(run("photos", "--labels", "--json", "--quiet").stdout)
    assert document["suspects"][0]["path"] == "sad/a.jpg"
    assert (document["n_issues"], document["n_images"]) == (1, 20)


def test_an_interrupted_search_tells_how_to_go_on(found, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "suspected_labels", interrupted)
    result = run("--labels", "--study", "runs/a b", "--quiet")
    assert result.exit_code == 130
    assert "Continue with: emoclass audit --labels --study 'runs/a b'" in result.stderr
