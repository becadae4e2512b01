"""Votes of annotators in a run, from the dataset's counts to the metric."""

import csv

import numpy as np
import pytest
from tiny import draw_photographs

import emoclass
from emoclass import DatasetSpec, MetricSpec, Sample, hookimpl
from emoclass.plugin.registry import PluginInfo


def distance(y_true, y_score, *, labels, votes, sample_weight=None):
    return float(np.average(abs(y_score - votes).sum(axis=1) / 2, weights=sample_weight))


def load(root):
    """List photographs by class, with votes for all but each class's first ten."""
    for path in sorted(root.rglob("*.png")):
        name = path.relative_to(root).as_posix()
        votes = {path.parent.name: 4, "happiness": 4, "NF": 3, "fear": 2}
        yield Sample(id=name, path=name, emotion=path.parent.name, votes=votes if path.stem >= "010" else None)


class Voted:
    @hookimpl
    def register_datasets(self):
        return [DatasetSpec(name="voted", summary="Photographs with votes.", load=load)]

    @hookimpl
    def register_metrics(self):
        summary = "The mean total variation distance between the probabilities and the votes."
        return [MetricSpec(name="mine", summary=summary, compute=distance, takes_votes=True)]


def test_a_run_takes_votes_from_the_dataset_to_the_metric(registry, tmp_path):
    photos = draw_photographs(tmp_path / "photos", {"happy": 30, "sad": 30})
    registry.register(Voted(), PluginInfo("voted", origin="tests"))
    config = {"data": {"dataset": "voted"}, "evaluation": {"metrics": ["mine", "accuracy"], "resamples": 100}}
    result = emoclass.run("tiny", data=photos, epochs=1, out=tmp_path / "runs", registry=registry, config=config)
    with (result.folder / "predictions.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["id"].split("/")[1] >= "010"]
    value = result.metrics["mine"]
    assert 0 < value.n_samples == len(rows) < result.n_samples["test"] == result.metrics["accuracy"].n_samples
    shares = np.array([[1, 0] if row["id"].startswith("happy") else [0.5, 0.5] for row in rows])
    score = np.array([[float(row["score_happy"]), float(row["score_sad"])] for row in rows])
    assert value.value == pytest.approx((abs(score - shares).sum(axis=1) / 2).mean(), abs=1e-4)


def test_a_run_has_figures_of_votes_only_where_there_are_votes(registry, tmp_path):
    photos = draw_photographs(tmp_path / "photos", {"happy": 30, "sad": 30})
    registry.register(Voted(), PluginInfo("voted", origin="tests"))
    of_votes = {spec.name for spec in registry.metrics.of("builtins") if spec.takes_votes}
    for dataset, expected in (("voted", of_votes), ("folder", set())):
        config = {"data": {"dataset": dataset}, "evaluation": {"resamples": 100}}
        result = emoclass.run("tiny", data=photos, epochs=1, out=tmp_path / "runs", registry=registry, config=config)
        assert result.metrics.keys() & of_votes == expected
