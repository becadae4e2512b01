"""Which labels predictions speak against."""

from __future__ import annotations

import numpy as np
import pytest

from emoclass.auditing import label_quality
from emoclass.auditing.label_quality import SuspectedLabels, rank_labels
from emoclass.errors import ConfigError
from emoclass.values.results import MetricValue

LABELS = ("happy", "sad", "angry")


def ranked(y_true, y_score):
    ids = [f"{n:03d}" for n in range(len(y_true))]
    return rank_labels(ids, [f"{each}.jpg" for each in ids], y_true, y_score, labels=LABELS)


def separable(n=300, seed=0):
    """Predictions of a good model: the class in turn has most of the probability."""
    rng = np.random.default_rng(seed)
    y_true = np.arange(n) % 3
    y_score = rng.dirichlet([1, 1, 1], n) * 0.3
    y_score[np.arange(n), y_true] += 0.7
    return y_true, y_score


def test_flipped_labels_of_a_separable_set_come_first_and_are_called_wrong():
    y_true, y_score = separable()
    flipped = np.random.default_rng(1).permutation(len(y_true))[:15]
    wrong = y_true.copy()
    wrong[flipped] = (wrong[flipped] + 1) % 3
    found = ranked(wrong, y_score)
    assert {each.id for each in found[:15]} == {f"{n:03d}" for n in flipped}
    assert sum(each.issue for each in found[:15]) >= 12
    assert not any(each.issue for each in found[15:])
    for each in found[:15]:
        assert (each.label, each.suggestion) == (LABELS[wrong[int(each.id)]], LABELS[y_true[int(each.id)]])
        assert each.suggestion_probability > each.label_probability
    assert [each.score for each in found] == sorted(each.score for each in found)


def test_where_prediction_and_label_agree_nothing_is_suspected():
    assert ranked(*separable()) == ()


def test_an_emotion_with_a_single_image_is_no_obstacle():
    y_true, y_score = separable(31)
    y_true = np.where(y_true == 2, 1, y_true)
    y_true[5] = 2
    assert len(ranked(y_true, y_score)) > 0


def test_without_cleanlab_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(label_quality, "find_spec", lambda name: None)
    with pytest.raises(ConfigError) as caught:
        ranked(*separable(30))
    assert "expected cleanlab" in caught.value.message
    assert 'pip install "emoclass[labels]"' in str(caught.value.hint)


def test_a_weak_model_is_told_to_be_one(tmp_path):
    y_true, y_score = separable(30)
    suspects = ranked((y_true + 1) % 3, y_score)
    found = SuspectedLabels(
        study=tmp_path,
        table=tmp_path / "a.csv",
        sheet=None,
        plugin="p",
        recipe="r",
        labels=LABELS,
        n_images=60,
        n_commonest=20,
        accuracy=MetricValue(value=0.5, ci_low=0.38, ci_high=0.62, n_samples=60),
        suspects=suspects,
    )
    assert "agrees with 30 of 60 labels (0.500 [0.380, 0.620])" in found.caution
    assert "look at each image" in found.caution
    weak = found.model_copy(update={"n_commonest": 25})
    assert "not clearly better than always predicting the most frequent label (0.417)" in weak.caution
    assert found.to_json()["n_issues"] == found.n_issues == sum(each["issue"] for each in found.to_json()["suspects"])
