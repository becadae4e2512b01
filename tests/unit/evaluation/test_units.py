"""What counts as independent evidence, and the notes that say so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoclass.errors import ContractError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.notes import note_of_one_answer, note_of_units, notes_of_predictions
from emoclass.evaluation.predictions import Predictions
from emoclass.evaluation.units import independent_units
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.values.labels import LabelScheme

LABELS = LabelScheme(emotions=("happy", "sad"))
names = st.none() | st.sampled_from("abcd")


@given(st.lists(st.tuples(names, names), min_size=1, max_size=12))
def test_units_are_what_names_tie_together(pairs):
    groups, clusters = zip(*pairs, strict=True)
    units = independent_units(len(pairs), groups, clusters)
    assert sorted(set(units)) == list(range(units.max() + 1))
    assert list(dict.fromkeys(units.tolist())) == sorted(set(units.tolist()))  # in the order in which they appear
    # The reference merges until nothing changes.
    expected = list(range(len(pairs)))
    for _ in pairs:
        for i, one in enumerate(pairs):
            for j, other in enumerate(pairs):
                if any(a is not None and a == b for a, b in zip(one, other, strict=True)):
                    expected[i] = expected[j] = min(expected[i], expected[j])
    assert (units[:, None] == units).tolist() == (np.array(expected)[:, None] == expected).tolist()


def predictions(n=180, right=None, **more):
    right = np.arange(n) % 4 > 0 if right is None else np.asarray(right, bool)
    scores = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
    return Predictions(tuple(map(str, range(n))), np.zeros(n, int), scores, LABELS, **more)


def test_copies_count_as_one_and_n_says_so():
    clusters = tuple(f"c{i // 3}" for i in range(180))
    given = predictions(clusters=clusters)
    assert (given.n_units, given.independent, given.without_groups().n_units) == (60, False, 60)
    assert given.take(np.arange(6)).clusters == clusters[:6]
    metrics = evaluate(given, BUILTIN_METRICS, n_resamples=50)
    found = metrics["accuracy"]
    assert metrics["precision"].n_units is None  # of the images predicted as sad, nobody counts the pictures
    assert (found.n_samples, found.n_units, found.interval) == (180, 60, "bootstrap")
    assert found.to_json()["n_units"] == 60
    alone = evaluate(predictions(), BUILTIN_METRICS, n_resamples=50)["accuracy"]
    assert alone.n_units is None and "n_units" not in alone.to_json()
    with pytest.raises(ContractError, match="clusters: expected 180, one for each sample, got 1"):
        predictions(clusters=("a",))


def test_an_interval_of_copies_is_that_of_single_pictures_and_wider_than_that_of_all_images():
    right = np.random.default_rng(0).random(60) < 0.8
    copied = predictions(180, np.repeat(right, 3), clusters=tuple(f"c{i // 3}" for i in range(180)))
    found = evaluate(copied, BUILTIN_METRICS, n_resamples=4000)["accuracy"]
    once, thrice = (evaluate(predictions(len(each), each), BUILTIN_METRICS, n_resamples=0)["accuracy"]
                    for each in (right, np.repeat(right, 3)))  # fmt: skip
    assert (found.ci_low, found.ci_high) == pytest.approx((once.ci_low, once.ci_high), abs=0.01)
    assert found.ci_high - found.ci_low > 1.5 * (thrice.ci_high - thrice.ci_low)


def test_notes_say_what_a_reader_must_know():
    assert list(notes_of_predictions(predictions())) == []
    (note,) = notes_of_predictions(predictions(groups=tuple(f"p{i % 40}" for i in range(180))))
    assert "180 images are 40 independent units" in note and "few" not in note
    (note,) = notes_of_predictions(predictions(groups=tuple(f"p{i % 9}" for i in range(180))))
    assert "9 independent units" in note and "say little about others" in note
    (note,) = notes_of_predictions(predictions(right=np.ones(180)))
    assert (
        note == "The model predicts 'happy' for all images: it does not distinguish emotions, whatever the metrics are."
    )


def test_one_answer_is_no_news_of_a_single_image():
    assert note_of_one_answer(["sad"], 1) is None
    assert note_of_one_answer(["sad", "happy"], 9) is None
    assert note_of_one_answer(["sad"], 9, who="short").startswith("short predicts 'sad'")
    assert "1 independent unit:" in note_of_units(4, 1)
