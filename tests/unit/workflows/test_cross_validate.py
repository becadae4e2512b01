"""Studies: several runs of one experiment in one folder, resumed where they stopped.

The runs themselves are played: what trains is tested in tests/e2e.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tiny import draw_photographs

import emoclass
from emoclass import RunResult, StudyResult
from emoclass.data.split import split
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.predictions import Predictions, scores_from_output
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.plugin.config_file import read_file
from emoclass.progress import Progress
from emoclass.reporting.folders.run import RunFolder
from emoclass.reporting.folders.study import StudyFolder, is_study
from emoclass.reporting.write_run import write_predictions
from emoclass.values.config import validate
from emoclass.values.labels import LabelScheme
from emoclass.values.results import MetricValue
from emoclass.values.specs import Sample
from emoclass.values.study import Spread
from emoclass.workflows import cross_validate as workflow
from emoclass.workflows.work import Work


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    return draw_photographs(tmp_path_factory.mktemp("photos"), {"happy": 9, "sad": 9}, size=8)


class Played:
    """Plays `resume`: the split is real, every image is predicted "sad", and some runs are interrupted."""

    def __init__(self) -> None:
        self.resumed: list[str] = []
        self.breaks_at: dict[str, BaseException] = {}
        self.data_digest = "1"

    def __call__(self, folder, *, registry, progress) -> RunResult:
        opened = RunFolder.open(folder)
        if opened.is_finished():
            return RunResult(**dict(opened.result()))
        self.resumed.append(opened.path.name)
        config = validate(read_file(opened.path / "config.toml"))
        progress.started(opened.path)
        progress.note("One note for all.")
        digests = {"config": config.digest(), "data": self.data_digest}
        opened.write_json("environment.json", {"started": "now", "digests": digests, "versions": {}})
        if opened.path.name in self.breaks_at:
            error = self.breaks_at.pop(opened.path.name)
            opened.release()
            raise error
        opened.append_history(1, 1.0, {"loss": 0.5})
        drawn = split(Work(config, registry, progress).index().samples, config.labels, config.data, seed=config.seed)
        tested = [drawn.samples[position] for position in drawn.positions("test")]
        header = ("id", "path", "split", "y_true", "y_pred", "correct", "score_happy", "score_sad")
        rows = [(s.id, s.path, "test", s.emotion, "sad", int(s.emotion == "sad"), "0.000000", "1.0") for s in tested]
        opened.write_rows("predictions.csv", header, rows)
        right = sum(sample.emotion == "sad" for sample in tested)
        undefined = MetricValue(n_samples=0, reason="nothing was predicted happy")
        result = RunResult(
            folder=opened.path,
            plugin="tiny",
            recipe="tiny",
            labels=config.labels.emotions,
            headline=("accuracy",),
            n_samples={"test": len(tested)},
            metrics={"accuracy": MetricValue(value=right / len(tested), n_samples=len(tested)), "odd": undefined},
            notes=("One note for all.", f"Only in {opened.path.name}.") if opened.path.name == "fold-2" else
            ("One note for all.",),
        )  # fmt: skip
        opened.write_json("metrics.json", result.to_json())
        opened.finish()
        return RunResult(**dict(opened.result()))


@pytest.fixture
def played(monkeypatch) -> Played:
    found = Played()
    monkeypatch.setattr(workflow, "resume", found)
    return found


@pytest.fixture
def settings(photos, tmp_path, registry) -> dict[str, object]:
    config = {"data": {"audit": False}, "evaluation": {"resamples": 100}}
    return {"plugin": "tiny", "data": photos, "out": tmp_path / "runs", "registry": registry, "config": config}


def only_folder(out: Path) -> Path:
    (found,) = out.iterdir()
    return found


def test_folds_test_every_image_once_and_are_pooled(settings, played) -> None:
    result = emoclass.cross_validate(folds=3, **settings)
    assert list(result.parts) == played.resumed == ["fold-1", "fold-2", "fold-3"]
    assert {path.name for path in result.folder.iterdir()} == {
        "experiment.toml", "study.toml", "study.json", "report.html", "predictions.csv", "plots", *result.parts,
    }  # fmt: skip
    rows = (result.folder / "predictions.csv").read_text().splitlines()
    assert rows[0].startswith("part,id,") and len(rows) == 1 + 18
    assert len(Counter(row.split(",")[1] for row in rows[1:])) == 18
    accuracy = result.pooled["accuracy"]
    assert (accuracy.value, accuracy.n_samples, accuracy.interval) == (0.5, 18, "wilson")
    assert result.pooled["confusion_matrix"].matrix == ((0, 9), (0, 9))


def test_each_fold_can_be_repeated_by_itself(settings, played) -> None:
    result = emoclass.cross_validate(folds=3, **settings)
    tree = read_file(result.folder / "fold-2" / "config.toml")
    assert tree["data"]["fold"] == {"number": 2, "of": 3}
    shared = validate(read_file(result.folder / "experiment.toml"))
    assert shared.data.fold is None and shared.seed == validate(tree).seed


def test_seeds_run_once_each_and_pool_nothing(settings, played) -> None:
    result = emoclass.repeat(seeds=(3, 0), **settings)
    assert list(result.parts) == ["seed-3", "seed-0"]
    assert validate(read_file(result.folder / "seed-3" / "config.toml")).seed == 3
    assert result.pooled == {} and not (result.folder / "predictions.csv").exists()
    assert "not a confidence interval" in result.caution


def test_notes_are_told_once_and_name_their_run_where_not_all_have_them(settings, played) -> None:
    class Listening(Progress):
        def __init__(self) -> None:
            self.notes: list[str] = []

        def note(self, message: str) -> None:
            self.notes.append(message)

    listening = Listening()
    result = emoclass.cross_validate(folds=3, progress=listening, **settings)
    assert result.notes == (
        "One note for all.",
        "fold-2: Only in fold-2.",
        "All folds together: The model predicts 'sad' for all images: it does not distinguish emotions, whatever the "
        "metrics are.",
    )
    assert listening.notes == ["One note for all."]


def test_an_interrupted_study_goes_on_where_it_stopped(settings, played) -> None:
    played.breaks_at["fold-2"] = KeyboardInterrupt()
    progress = Progress()
    with pytest.raises(KeyboardInterrupt):
        emoclass.cross_validate(folds=3, progress=progress, **settings)
    folder = only_folder(settings["out"])
    assert progress.folder == folder, "what is resumed is the study, not its part"
    assert is_study(folder) and str(folder) in (folder / "INCOMPLETE").read_text()
    assert not (folder / "study.json").exists()
    played.resumed.clear()
    result = emoclass.resume_study(folder, registry=settings["registry"])
    assert played.resumed == ["fold-2", "fold-3"]
    assert not (folder / "INCOMPLETE").exists()
    assert result.pooled["accuracy"].n_samples == 18


def test_a_finished_study_is_returned_as_it_is_and_says_the_same_as_json(settings, played) -> None:
    first = emoclass.cross_validate(folds=3, **settings)
    played.resumed.clear()
    again = emoclass.resume_study(first.folder)
    assert played.resumed == []
    assert again.to_json() == first.to_json() == json.loads((first.folder / "study.json").read_text())


def test_two_processes_do_not_work_on_one_study(settings, played) -> None:
    played.breaks_at["fold-2"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        emoclass.cross_validate(folds=3, **settings)
    folder = only_folder(settings["out"])
    held = StudyFolder.open(folder)
    with pytest.raises(OutputError, match="another process is writing to it"):
        emoclass.resume_study(folder)
    held.release()


def test_images_that_changed_in_between_are_noticed(settings, played) -> None:
    played.breaks_at["fold-2"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        emoclass.cross_validate(folds=3, **settings)
    folder = only_folder(settings["out"])
    played.data_digest = "2"
    with pytest.raises(OutputError, match="the images of fold-2 have changed since the start"):
        emoclass.resume_study(folder, registry=settings["registry"])


def test_settings_that_changed_in_between_are_noticed(settings, played) -> None:
    played.breaks_at["fold-2"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        emoclass.cross_validate(folds=3, **settings)
    folder = only_folder(settings["out"])
    file = folder / "experiment.toml"
    file.write_text(file.read_text().replace("epochs = 2", "epochs = 3"))
    with pytest.raises(OutputError, match="the settings of fold-1 have changed since the start"):
        emoclass.resume_study(folder, registry=settings["registry"])


def test_a_failure_before_anything_was_trained_leaves_no_folder(settings, played) -> None:
    played.breaks_at["fold-1"] = DataError("no image can be read.")
    with pytest.raises(DataError):
        emoclass.cross_validate(folds=3, **settings)
    assert list(settings["out"].iterdir()) == []


def test_a_later_failure_keeps_what_was_trained_and_says_how_to_go_on(settings, played) -> None:
    played.breaks_at["fold-2"] = DataError("no image can be read.")
    with pytest.raises(DataError) as caught:
        emoclass.cross_validate(folds=3, **settings)
    assert f"continue with: emoclass run --resume {only_folder(settings['out'])}" in str(caught.value)


def test_a_resumed_study_that_fails_is_kept_even_before_anything_was_trained(settings, played) -> None:
    played.breaks_at["fold-1"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        emoclass.cross_validate(folds=3, **settings)
    folder = only_folder(settings["out"])
    alone = f"Free some space, then continue with: emoclass run --resume {folder / 'fold-1'}"
    played.breaks_at["fold-1"] = OutputError("the disk is full.", hint=alone)
    with pytest.raises(OutputError) as caught:
        emoclass.resume_study(folder, registry=settings["registry"])
    assert str(caught.value).endswith(f"then continue with: emoclass run --resume {folder}")
    assert folder.exists()


def test_too_few_images_are_told_before_anything_is_written(settings, played) -> None:
    with pytest.raises(DataError, match="too few images for 10 folds: happy has 9, sad has 9"):
        emoclass.cross_validate(folds=10, **settings)
    assert played.resumed == [] and not settings["out"].exists()


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (lambda **more: emoclass.cross_validate(folds=1, **more), "folds: expected at least 2, got 1"),
        (lambda **more: emoclass.repeat(seeds=(1, 2, 1), **more), "seeds: expected each once, got 1 twice"),
        (lambda **more: emoclass.repeat(seeds=(1,), **more), "seeds: expected at least two, got 1"),
        (lambda **more: emoclass.repeat(seeds=(1, -2), **more), "seed"),
        (lambda **more: emoclass.repeat(seeds=(1, 2), seed=3, **more), "either seed or seeds"),
        (
            lambda **more: emoclass.cross_validate(
                **more | {"folds": 3, "config": {"data": {"fold": {"number": 1, "of": 3}}}}
            ),
            "data.fold: expected none",
        ),
    ],
)
def test_what_makes_no_study_is_a_config_error(begin, said, settings, played) -> None:
    with pytest.raises(ConfigError, match=said):
        begin(**settings)
    assert played.resumed == []


def test_a_folder_that_is_no_study_is_refused(tmp_path) -> None:
    with pytest.raises(OutputError, match=r"expected a folder with a study\.toml"):
        emoclass.resume_study(tmp_path)
    (tmp_path / "study.toml").write_text("folds = [")
    with pytest.raises(OutputError, match=r"study\.toml: is damaged"):
        emoclass.resume_study(tmp_path)


def test_a_study_is_not_taken_for_a_run(settings, played) -> None:
    folder = emoclass.cross_validate(folds=3, **settings).folder
    with pytest.raises(OutputError, match=r"expected a folder with a config\.toml"):
        emoclass.resume(folder)


def test_the_spread_is_that_of_the_values_that_are_defined(settings, played) -> None:
    result = emoclass.cross_validate(folds=3, **settings)
    values = [part.metrics["accuracy"].value for part in result.parts.values()]
    assert result.spread == {"accuracy": Spread.of(values)}
    assert Spread.of([0.25]) == Spread(mean=0.25, sd=None, minimum=0.25, maximum=0.25, n=1)
    assert isinstance(result, StudyResult)


def test_pooled_predictions_are_those_of_the_folds(tmp_path):
    """Whatever the digits, the marks and the clusters: read back, they are what each fold predicted."""
    labels = LabelScheme(emotions=("happy", "sad"))
    rng, samples, direct = np.random.default_rng(0), {}, []
    folder = StudyFolder.create(tmp_path, "study")
    for part in ("fold-1", "fold-2"):
        ids = tuple(f"{part}-{number}" for number in range(40))
        certain = scores_from_output(rng.random((40, 1)).astype(np.float32) ** 40, labels)
        clusters = tuple(ids[0] if number < 3 else None for number in range(40))
        direct.append(
            Predictions(ids, rng.integers(0, 2, 40), certain, labels, clusters=clusters, leaked=rng.random(40) < 0.2)
        )
        samples |= {each: Sample(id=each, path=each, emotion="sad") for each in ids}
        (folder.path / part).mkdir()
        images = SimpleNamespace(samples=lambda side, tested=[samples[each] for each in ids]: tested)
        write_predictions(RunFolder(folder.path / part), direct[-1], images)
    pooled = folder.pool(("fold-1", "fold-2"), labels, samples)
    folder.release()
    place = [pooled.ids.index(each) for part in direct for each in part.ids]
    for name in ("y_true", "y_score", "leaked"):
        np.testing.assert_array_equal(getattr(pooled, name)[place], np.concatenate([getattr(d, name) for d in direct]))
    assert [pooled.clusters[each] for each in place] == [name for part in direct for name in part.clusters]
    together = Predictions(
        sum((d.ids for d in direct), ()), np.concatenate([d.y_true for d in direct]),
        np.concatenate([d.y_score for d in direct]), labels,
    )  # fmt: skip
    for name in ("log_loss", "roc_auc"):
        [spec] = [spec for spec in BUILTIN_METRICS if spec.name == name]
        values = [evaluate(given, [spec], n_resamples=0)[name].value for given in (pooled, together)]
        assert values[0] == pytest.approx(values[1], abs=1e-12)
