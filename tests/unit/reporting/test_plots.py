from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import matplotlib.style
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from emoclass import RunConfig
from emoclass.reporting.contents import Picture, ReportContents
from emoclass.reporting.plots import run as plots
from emoclass.values.results import MetricValue, RunRecord

LABELS = ("happy", "sad")


def picture(emotion: str, predicted: str | None = None, *, channels: int = 3, number: int = 0) -> Picture:
    pixels = np.random.default_rng(number).integers(0, 256, (24, 24, channels), dtype=np.uint8)
    scores = None if predicted is None else {name: 0.7 if name == predicted else 0.3 for name in LABELS}
    return Picture(f"{emotion}/{number}.png", pixels, emotion, scores, predicted)


def batch(truth: str, predictions: str) -> tuple[Picture, ...]:
    """Build a test batch from one letter an image: h or s."""
    words = {"h": "happy", "s": "sad"}
    pairs = zip(truth, predictions, strict=True)
    return tuple(picture(words[t], words[p], number=i) for i, (t, p) in enumerate(pairs))


def contents(tmp_path, **changes) -> ReportContents:
    metrics = {
        "accuracy": MetricValue(value=0.75, ci_low=0.5, ci_high=0.9, n_samples=4, interval="wilson"),
        "confusion": MetricValue(n_samples=4, matrix=((2, 0), (1, 1))),
    }
    result = RunRecord(
        folder=tmp_path, plugin="p", recipe="r", labels=LABELS, n_samples={"train": 12, "test": 4},
        metrics=metrics, history={"epoch": (1.0, 2.0), "loss": (1.0, 0.5)},
    )  # fmt: skip
    whole = ReportContents(
        result=result,
        config=RunConfig.model_validate(
            {"plugin": "p", "recipe": "r", "labels": LABELS, "model": {"name": "m"}}
        ),
        dataset_summary="", model_summary="", layers=(), counts={}, split_method=(),
        examples=tuple(picture(LABELS[i % 2], number=i) for i in range(12)),
        test_batch=batch("hhss", "hhsh"), environment={}, seconds={}, metric_summaries={},
    )  # fmt: skip
    return replace(whole, **changes)


def texts(figure: Figure) -> list[str]:
    figure.canvas.draw()  # what cannot be drawn warns here, and warnings are errors
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def test_every_picture_is_written_and_decodes(tmp_path):
    written = plots.write_plots(contents(tmp_path), tmp_path)
    names = {"examples", "curves", "metrics", "single_predictions", "test_batch", "confusion_matrix"}
    assert set(written) == names
    for name, path in written.items():
        assert path == tmp_path / "plots" / f"{name}.png"
        with Image.open(path) as image:
            image.load()
            assert image.format == "PNG" and 300 <= image.width <= 2400 and 200 <= image.height <= 2400
            assert len(set(image.convert("L").tobytes())) > 10


def test_a_picture_without_data_is_left_out(tmp_path):
    empty = contents(tmp_path)
    empty = replace(empty, examples=(), test_batch=(), result=empty.result.model_copy(
        update={"metrics": {}, "history": {}}))  # fmt: skip
    assert plots.write_plots(empty, tmp_path) == {}


def test_the_same_run_gives_the_same_bytes(tmp_path):
    first, second = (plots.write_plots(contents(tmp_path), tmp_path / name) for name in "ab")
    assert all(first[name].read_bytes() == second[name].read_bytes() for name in first)


def test_examples_are_titled_with_index_and_emotion():
    figure = plots.draw_examples([picture("happy"), picture("sad")], LABELS)
    assert [axes.get_title() for axes in figure.axes] == ["0 = happy", "1 = sad"]


def test_twelve_examples_stand_in_four_columns_and_three_rows():
    figure = plots.draw_examples([picture("sad", number=i) for i in range(14)], LABELS)
    places = [axes.get_position() for axes in figure.axes]
    assert len({round(p.x0, 4) for p in places}) == 4 and len({round(p.y0, 4) for p in places}) == 3


def test_mistakes_differ_in_frame_symbol_and_weight():
    figure = plots.draw_predictions(batch("hhss", "hsss"), LABELS)
    marks = [(axes.texts[0].get_text(), to_hex(axes.spines["left"].get_edgecolor()).upper()) for axes in figure.axes]
    right, wrong = (plots.RIGHT_SYMBOL, plots.RIGHT), (plots.WRONG_SYMBOL, plots.WRONG)
    assert marks == [right, wrong, right, right]
    assert [axes.title.get_fontweight() for axes in figure.axes] == ["normal", "bold", "normal", "normal"]
    assert figure.axes[1].get_title() == "predicted: sad\ntrue: happy"
    assert any("3 correct" in text and "1 incorrect" in text for text in texts(figure))


def test_single_predictions_say_what_was_predicted():
    shown = texts(plots.draw_single_predictions(batch("hs", "ss")))
    assert "predicted: sad\ntrue: happy" in shown and "predicted: sad\ntrue: sad" in shown
    assert "70%" in shown and "30%" in shown


@pytest.mark.parametrize(
    ("truth", "predictions", "n_right", "n_wrong"),
    [
        ("hshshshs" * 2, "hshshshs" + "shshshsh", 3, 3),
        ("hshshshs", "hshshshh", 5, 1),
        ("hshshshs", "shshshsh", 0, 6),
        ("hs", "hh", 1, 1),
        ("", "", 0, 0),
    ],
)
def test_right_and_wrong_are_among_the_single_predictions(truth, predictions, n_right, n_wrong):
    pictures = batch(truth, predictions)
    chosen = plots.choose_single_predictions(pictures)
    assert chosen == plots.choose_single_predictions(pictures)
    right = [each.predicted == each.emotion for each in chosen]
    assert (sum(right), len(right) - sum(right)) == (n_right, n_wrong)


def test_single_predictions_show_every_emotion():
    chosen = plots.choose_single_predictions(batch("hhhhhhhs", "hhhhhhhs"), count=2)
    assert {each.emotion for each in chosen} == {"happy", "sad"}


def test_gray_pixels_are_drawn():
    pictures = [picture("happy", "sad", channels=1), picture("sad", "sad", channels=1)]
    for figure in (plots.draw_examples(pictures, LABELS), plots.draw_predictions(pictures, LABELS),
                   plots.draw_single_predictions(pictures)):  # fmt: skip
        figure.canvas.draw()


@pytest.mark.parametrize(
    ("history", "panels"),
    [
        ({"loss": (1.0,)}, ["loss"]),
        ({"epoch": (1.0,), "loss": (1.0,), "accuracy": (0.5,)}, ["loss", "accuracy"]),
        ({"loss": (1.0, float("nan")), "val_loss": (1.1, 0.9)}, ["loss"]),
        ({"loss": tuple(np.linspace(1, 0.1, 200)), "val_accuracy": (0.5,) * 200}, ["loss", "accuracy"]),
    ],
)
def test_curves_take_whatever_was_measured(history, panels):
    figure = plots.draw_curves(history)
    figure.canvas.draw()
    assert [axes.get_title(loc="left") for axes in figure.axes] == panels
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks and all(tick == int(tick) for tick in ticks)


def test_the_loss_with_teachers_is_not_drawn_beside_a_validation_loss():
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "label_loss", "val_label_loss")
    figure = plots.draw_curves({name: (1.0 + i, 0.5 + i) for i, name in enumerate(names)})
    drawn = {
        axes.get_title(loc="left"): {line.get_label(): line.get_ydata()[0] for line in axes.lines}
        for axes in figure.axes
    }
    assert drawn == {
        "loss with teachers": {"training": 1.0},
        "loss on labels": {"training": 5.0, "validation": 6.0},
        "accuracy": {"training": 2.0, "validation": 4.0},
    }


def test_a_single_epoch_is_visible():
    assert plots.draw_curves({"loss": (1.0,)}).axes[0].lines[0].get_marker() == "o"


def test_metrics_show_the_interval_and_say_why_one_is_undefined():
    shown = texts(plots.draw_metrics({
        "accuracy": MetricValue(value=0.75, ci_low=0.512, ci_high=0.9, n_samples=32),
        "recall": MetricValue(n_samples=0, reason="no sad images"),
        "log_loss": MetricValue(value=3.0, ci_low=2.5, ci_high=3.5, n_samples=32),
        "confusion": MetricValue(n_samples=32, matrix=((1, 0), (0, 1))),
    }))  # fmt: skip
    assert "0.750   0.512 to 0.900   n = 32" in shown
    assert "undefined: no sad images" in shown
    assert "confusion" not in shown


@pytest.mark.parametrize("n", [2, 8])
def test_confusion_holds_counts_and_shares(n):
    names = tuple(f"emotion_{i}" for i in range(n))
    rows = [[0] * n for _ in range(n)]
    rows[0][:2] = [3, 1]
    shown = texts(plots.draw_confusion(MetricValue(n_samples=4, matrix=tuple(map(tuple, rows))), names))
    assert "3\n75%" in shown and "1\n25%" in shown
    assert "0\n–" in shown, "a class without images has no shares"  # noqa: RUF001


def test_class_names_are_no_formulas_and_need_no_glyphs():
    names = ("a$^$b", "困惑", "x" * 60)
    shown = [Picture("1", np.zeros((8, 8, 3), np.uint8), name, dict.fromkeys(names, 0.3), names[0]) for name in names]
    matrix = MetricValue(n_samples=9, matrix=((1, 1, 1),) * 3)
    for figure in (plots.draw_examples(shown, names), plots.draw_predictions(shown, names),
                   plots.draw_single_predictions(shown), plots.draw_confusion(matrix, names)):  # fmt: skip
        assert any("a$^$b" in text for text in texts(figure))


def test_nothing_global_is_left_behind():
    # matplotlib itself imports pyplot (for 3-D axes), so what counts is that no figure is registered there.
    code = (
        "import matplotlib; before = dict(matplotlib.rcParams); from emoclass.reporting.plots import run as plots;"
        "plots.draw_curves({'loss': (1.0, 0.5)}).canvas.draw();"
        "assert dict(matplotlib.rcParams) == before;"
        "from matplotlib import pyplot; assert pyplot.get_fignums() == []"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_threads_draw_the_same_pictures():
    histories = [{"loss": tuple(np.linspace(1, 0.1 * i, 5))} for i in range(8)]

    def drawn(history):
        figure = plots.draw_curves(history)
        figure.canvas.draw()
        return bytes(figure.canvas.buffer_rgba())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(drawn, histories)) == [drawn(history) for history in histories]


def test_a_dark_style_changes_no_picture():
    def drawn():
        figures = [plots.draw_examples([picture("sad")], LABELS), plots.draw_predictions(batch("hs", "ss"), LABELS),
                   plots.draw_single_predictions(batch("hs", "ss")), plots.draw_curves({"loss": (1.0, 0.5)}),
                   plots.draw_metrics({"accuracy": MetricValue(value=0.5, ci_low=0.1, ci_high=0.9, n_samples=9)}),
                   plots.draw_confusion(MetricValue(n_samples=4, matrix=((2, 0), (1, 1))), LABELS)]  # fmt: skip
        for figure in figures:
            figure.canvas.draw()
        return [bytes(figure.canvas.buffer_rgba()) for figure in figures]

    usual = drawn()
    with matplotlib.style.context("dark_background"):
        assert [a == b for a, b in zip(usual, drawn(), strict=True)] == [True] * 6
