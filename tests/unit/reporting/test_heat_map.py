"""What the heat map says in words: it is looked at far from the terminal that drew it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emoclass.reporting.plots.heat_map import draw_heat_map
from emoclass.values.evaluation import Evaluation, EvaluationMatrix
from emoclass.values.results import MetricValue

LONG = "folder in photographs-of-students-2024-cropped"


def cell(model, dataset, value, *, labels=("happy", "sad"), ci=(0.4, 0.9), n_leaked=None, adjusted=None):
    low, high = ci
    figure = MetricValue(value=value, ci_low=low, ci_high=high, n_samples=60, split="all")
    return Evaluation(
        model=model,
        labels=labels,
        dataset=dataset,
        n_samples=60,
        support=dict.fromkeys(labels, 60 // len(labels)),
        metrics={"accuracy": figure},
        n_leaked=n_leaked,
        leak_adjusted={} if adjusted is None else {"accuracy": figure.model_copy(update={"value": adjusted})},
    )


def drawn(*rows, datasets=("folder",)):
    names = tuple(row[0].model for row in rows)
    figure = draw_heat_map(EvaluationMatrix(models=names, datasets=datasets, matrix=rows))
    [axes] = figure.axes
    return figure, [text.get_text() for text in axes.texts]


def test_figures_without_what_the_model_has_seen_stand_in_their_cells():
    seen, all_seen, clean = (
        cell("one", "folder", 0.8, n_leaked=12, adjusted=0.7),
        cell("one", "folder", 0.8, n_leaked=60),
        cell("one", "folder", 0.8, n_leaked=0),
    )
    figure, texts = drawn((seen, all_seen, clean), datasets=("a", "b", "c"))
    assert [text for text in texts if "copies" in text or "seen" in text] == [
        "0.700 without copies (12)",
        "all seen in training",
    ]
    assert "Copies are of the model's training or validation images." in figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize("columns", [1, 2, 6])
def test_titles_and_caption_stay_within_their_room(columns):
    other = ("happy", "sad", "angry")
    rows = [tuple(cell(name, LONG, 0.8, labels=labels) for _ in range(columns))
            for name, labels in (("one", ("happy", "sad")), ("two", other))]  # fmt: skip
    figure, _ = drawn(*rows, datasets=(LONG,) * columns)
    figure.draw_without_rendering()
    page = figure.bbox
    [axes] = figure.axes
    titles = [text.get_window_extent() for text in axes.texts if "photograph" in text.get_text()]
    assert len(titles) == columns
    assert all(left.x1 < right.x0 for left, right in pairwise(titles))
    caption = figure._supxlabel.get_window_extent()
    assert 0 <= caption.x0 < caption.x1 <= page.x1
    assert max(title.x1 for title in titles) <= page.x1


def test_a_title_promises_intervals_where_there_are_some_only():
    figure, _ = drawn((cell("one", "folder", 0.8),))
    assert figure.get_suptitle() == "Accuracy, with 95 % intervals"
    figure, _ = drawn((cell("one", "folder", 3.2, ci=(None, None)),))
    assert figure.get_suptitle() == "Accuracy"
    assert "Colors go" not in figure.get_supxlabel()
