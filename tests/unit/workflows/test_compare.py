"""`emoclass.compare`: what is read, what is refused, and what is concluded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from finished_runs import write_run
from matplotlib.figure import Figure
from PIL import Image

import emoclass
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.evaluation.paired import mcnemar
from emoclass.reporting.folders.run import MARKER
from emoclass.reporting.plots.comparison import draw_comparison

TRUTH = "hhhhhhhhhhhhssssssss"
HALF = "hhhhhhsssssssssshhhh"  # 10 of 20
GOOD = "hhhhhhhhhhsssssssshh"  # 16 of 20: six more are right, and none fewer


@pytest.fixture
def half(tmp_path):
    return write_run(tmp_path / "half", TRUTH, HALF)


@pytest.fixture
def good(tmp_path):
    return write_run(tmp_path / "good", TRUTH, GOOD)


def refusal(kind, *runs, **options):
    with pytest.raises(kind) as caught:
        emoclass.compare(runs, resamples=100, **options)
    return str(caught.value)


def test_a_difference_comes_with_its_counts_and_its_test(half, good):
    found = emoclass.compare([half, good])
    (difference,) = found.differences
    assert (difference.only_run, difference.only_reference) == (6, 0)
    assert (difference.test, difference.p_value) == ("mcnemar", mcnemar(6, 0))
    assert difference.accuracy.value == pytest.approx(0.3)
    assert 0 < difference.accuracy.ci_low < 0.3 < difference.accuracy.ci_high
    assert difference.more_than_chance and "good: more than chance, better" in difference.verdict
    assert (found.labels, found.n_samples, found.n_groups, found.notes) == (("happy", "sad"), 20, None, ())


def test_the_other_way_round_everything_changes_its_sign(half, good):
    (there,), (back,) = emoclass.compare([half, good]).differences, emoclass.compare([good, half]).differences
    assert (there.only_run, there.only_reference) == (back.only_reference, back.only_run)
    assert (there.p_value, there.accuracy.ci_low) == pytest.approx((back.p_value, -back.accuracy.ci_high))
    assert there.macro_f1.value == pytest.approx(-back.macro_f1.value)
    assert "more than chance, worse" in back.verdict


def test_the_order_of_images_and_of_labels_does_not_matter(tmp_path, half, good):
    names = [f"{number}.png" for number in range(20)]
    turned = write_run(tmp_path / "turned", TRUTH[::-1], GOOD[::-1], ids=names[::-1], labels=("sad", "happy"))
    one, other = emoclass.compare([half, good]), emoclass.compare([half, turned])
    assert one.differences[0].accuracy == other.differences[0].accuracy
    assert one.differences[0].macro_f1 == other.differences[0].macro_f1


def test_few_disagreements_are_told_to_be_too_few(tmp_path, half):
    five = write_run(tmp_path / "five", TRUTH, GOOD[:11] + HALF[11:])
    (difference,) = emoclass.compare([half, five]).differences
    assert not difference.more_than_chance
    assert "Only 4 images distinguish the two runs; with fewer than 6, no result can reach 0.05." in difference.verdict
    same = write_run(tmp_path / "same", TRUTH, HALF)
    (difference,) = emoclass.compare([half, same]).differences
    assert difference.p_value == 1 and "Both runs have the same images right." in difference.verdict


def test_three_runs_are_corrected_for_being_several(tmp_path, half, good):
    also = write_run(tmp_path / "also", TRUTH, GOOD)
    found = emoclass.compare([half, good, also])
    assert [each.p_value for each in found.differences] == [mcnemar(6, 0)] * 2
    assert [each.p_adjusted for each in found.differences] == [2 * mcnemar(6, 0)] * 2
    assert not any(each.more_than_chance for each in found.differences)
    assert "corrected for 2 comparisons" in found.differences[0].verdict


def test_groups_of_images_are_drawn_together_and_that_is_said(tmp_path):
    persons = [f"person {number // 4}" for number in range(20)]
    runs = [
        write_run(tmp_path / name, TRUTH, predicted, groups=persons) for name, predicted in (("a", HALF), ("b", GOOD))
    ]
    found = emoclass.compare(runs)
    (difference,) = found.differences
    assert (found.n_groups, difference.test) == (5, "group_bootstrap")
    assert not difference.more_than_chance and "bootstrap over 5 groups" in difference.verdict
    assert "groups distinguish the two runs" in difference.verdict
    assert "not McNemar's test" in found.notes[0] and "say little about others" in found.notes[0]
    ungrouped = write_run(tmp_path / "c", TRUTH, GOOD)
    assert "the groups and copies of a." in emoclass.compare([ungrouped, runs[0]]).notes[-1]


def test_copies_of_a_picture_are_drawn_together(tmp_path):
    copies = [f"picture {number // 4}" for number in range(20)]
    runs = [
        write_run(tmp_path / name, TRUTH, predicted, clusters=copies) for name, predicted in (("a", HALF), ("b", GOOD))
    ]
    found = emoclass.compare(runs)
    assert (found.n_groups, found.differences[0].test) == (5, "group_bootstrap")
    assert "20 images are 5 independent units" in found.notes[0]


def test_a_run_that_answers_one_emotion_for_all_is_named(tmp_path, good):
    constant = write_run(tmp_path / "constant", TRUTH, "s" * 20)
    (note,) = (note for note in emoclass.compare([good, constant]).notes if "predicts" in note)
    assert note.startswith("constant predicts 'sad' for all images")


def test_groups_of_one_image_each_are_no_groups(tmp_path, good):
    alone = write_run(tmp_path / "alone", TRUTH, HALF, groups=[f"p{number}" for number in range(20)])
    assert emoclass.compare([alone, good]).n_groups is None


def test_metrics_are_those_that_all_runs_have(tmp_path, half):
    figure = {"value": 0.5, "ci_low": None, "ci_high": None, "n_samples": 3, "split": "test", "leak": {"value": 1}}
    undefined = {"value": None, "n_samples": 0, "reason": "no image was predicted 'sad'"}
    one = write_run(tmp_path / "one", TRUTH, GOOD, metrics={"precision": figure})
    two = write_run(tmp_path / "two", TRUTH, GOOD, metrics={"precision": undefined})
    assert [list(run.metrics) for run in emoclass.compare([one, two]).runs] == [["accuracy", "precision"]] * 2
    assert list(emoclass.compare([one, half]).runs[0].metrics) == ["accuracy"]


def test_names_are_as_long_as_it_takes_to_tell_the_runs_apart(tmp_path):
    runs = [write_run(tmp_path / parent / "run", TRUTH, GOOD) for parent in ("a", "b")]
    assert [run.name for run in emoclass.compare(runs).runs] == ["a/run", "b/run"]


def test_data_that_may_differ_are_told(tmp_path, half):
    other = write_run(tmp_path / "other", TRUTH, GOOD, data="another")
    silent = write_run(tmp_path / "silent", TRUTH, GOOD, data=None)
    for runs in ([half, other], [half, silent]):
        assert "images were matched by name" in emoclass.compare(runs).notes[0]


def test_other_images_are_refused_with_how_many_and_which(tmp_path, half):
    more = write_run(tmp_path / "more", TRUTH, GOOD, ids=[f"{number}.png" for number in range(3, 23)])
    message = refusal(DataError, half, more)
    assert "got 3 (0.png, 1.png, ...) only in half and 3 (20.png, 21.png, ...) only in more" in message
    assert "same seed" in message
    part = write_run(tmp_path / "part", TRUTH[:19], GOOD[:19])
    assert "got 1 (19.png) only in half and 0 only in part" in refusal(DataError, half, part)


def test_other_true_emotions_and_other_labels_are_refused(tmp_path, half):
    relabeled = write_run(tmp_path / "relabeled", "s" + TRUTH[1:], GOOD)
    message = refusal(DataError, half, relabeled)
    assert "1 of 20 test images" in message and "0.png is happy in half and sad in relabeled" in message
    angry = write_run(tmp_path / "angry", TRUTH, GOOD, labels=("happy", "sad", "angry"))
    assert "got happy, sad and happy, sad, angry" in refusal(DataError, half, angry)


def test_one_run_and_one_run_twice_are_refused(half, tmp_path):
    assert "at least two run folders, got 1" in refusal(ConfigError, half)
    with pytest.raises(ConfigError, match="got 1"):
        emoclass.compare(str(half))
    assert "got this one twice" in refusal(DataError, half, tmp_path / "nowhere" / ".." / "half")
    with pytest.raises(ConfigError, match="at least 100"):
        emoclass.compare([half, half], resamples=10)


def test_a_folder_that_is_no_finished_run_says_so(half, good, tmp_path):
    assert "with a config.toml, found none" in refusal(OutputError, half, tmp_path / "nowhere")
    assert "cannot be read" in refusal(OutputError, half, "x" * 5000)
    assert "cannot be read" in refusal(OutputError, half, "a\0b")
    (good / MARKER).write_text("")
    assert "has not finished. Continue it with: emoclass run --resume" in refusal(OutputError, half, good)
    assert (good / MARKER).exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("predictions.csv", None, "it has no predictions.csv"),
        ("metrics.json", None, "it has no metrics.json"),
        ("split.csv", None, "it has no split.csv"),
        ("metrics.json", "{", "cannot be read"),
        ("metrics.json", "[]", "cannot be read"),
        ("metrics.json", '{"labels": ["happy", "sad"]}', "'n_samples' is missing"),
        ("environment.json", "[]", "cannot be read"),
        ("predictions.csv", "", "no column id"),
        ("predictions.csv", "id,y_true\n0.png,sad\n", "no column y_pred"),
        ("predictions.csv", "id,y_true,y_pred\n0.png,sad,sad\n", "expected 20 images, got 1"),
        ("predictions.csv", "id,y_true,y_pred\n0.png,sad\n", "an incomplete line"),
        ("predictions.csv", "id,y_true,y_pred\n" + "0.png,sad,sad\n" * 2, "a repeated image"),
        ("predictions.csv", "id,y_true,y_pred\n" + "".join(f"{i}.png,sad,bored\n" for i in range(20)), "'bored'"),
        ("predictions.csv", b"id,y_true,y_pred\n\xff\xfe,sad,sad\n", "cannot be read"),
        ("split.csv", "id,group\n0.png,\n", "'1.png' is missing"),
    ],
)  # fmt: skip
def test_a_damaged_run_is_one_clean_error_that_names_it(half, good, name, content, said):
    (good / name).unlink()
    if content is not None:
        (good / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    message = refusal(OutputError, half, good)
    assert said in message and f"run folder {good}" in message and "Run it again" in message


def test_the_document_is_plain_json(half, good):
    document = json.loads(json.dumps(emoclass.compare([half, good]).to_json()))
    assert set(document) == {"labels", "n_samples", "n_groups", "runs", "differences", "notes"}
    assert document["runs"][1]["metrics"]["accuracy"]["value"] == 0.8
    assert document["differences"][0]["accuracy"]["interval"] == "bootstrap"
    assert document["differences"][0]["p_value"] == 0.03125


def test_the_plot_shows_each_run_and_each_difference(tmp_path):
    names = ["a" * 90 + "$one$", "b\N{GRINNING FACE}", "c", "d", "e"]
    undefined = {"precision": {"value": None, "n_samples": 0, "reason": "no image was predicted 'sad'"}}
    beyond = {"precision": {"value": 1.5, "ci_low": 1.2, "ci_high": 1.9, "n_samples": 20}}
    runs = [
        write_run(tmp_path / name, TRUTH, HALF if number % 2 else GOOD, metrics=beyond if number else undefined)
        for number, name in enumerate(names)
    ]
    found = emoclass.compare(runs, resamples=200)
    figure = draw_comparison(found)
    assert isinstance(figure, Figure)
    above, below = figure.axes
    assert len(above.get_yticks()) == 2 * 5 and len(below.get_yticks()) == 2 * 4
    assert sum("chance" in text.get_text() for text in below.texts) == 4
    found.write_plot(tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert image.format == "PNG" and image.width > 1000
    found.write_plot(tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "plot.png").read_bytes()


def test_the_plot_stays_inside_the_picture(tmp_path):
    runs = [write_run(tmp_path / (name * 60), TRUTH, GOOD) for name in "abcdef"]
    figure = draw_comparison(emoclass.compare(runs, resamples=100))
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert axes.get_window_extent().width > 0.25 * width


def test_a_plot_that_cannot_be_written_is_an_error(half, good, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        emoclass.compare([half, good], resamples=100).write_plot(tmp_path / "nowhere" / "plot.png")


def test_comparing_loads_no_deep_learning_framework_and_stays_callable(half, good, tmp_path):
    code = (
        "import sys, emoclass\n"
        f"for _ in range(2):\n    found = emoclass.compare([{str(half)!r}, {str(good)!r}], resamples=100)\n"
        f"found.write_plot({str(tmp_path / 'plot.png')!r})\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_copies_of_training_images_are_told(tmp_path):
    one, other = (
        write_run(tmp_path / name, TRUTH, GOOD, leaked=marks + "0" * (len(TRUTH) - 2))
        for name, marks in (("one", "10"), ("other", "11"))
    )
    silent = write_run(tmp_path / "silent", TRUTH, HALF, leaked=" " * len(TRUTH))
    (note,) = emoclass.compare([one, other]).notes[:1]
    assert note.startswith(f"2 of the {len(TRUTH)} test images are copies of training or validation images of a run, ")
    assert "or of those of a model that it learned from: " in note
    assert note.endswith("Each run's report has the metrics without them.")
    full = write_run(tmp_path / "full", TRUTH, HALF, leaked="1" * len(TRUTH))
    for others in ([full, one], [silent, one]):
        assert not any("metrics without them" in note for note in emoclass.compare(others).notes)
    assert any(
        "Not every run searched its test images for copies" in note for note in emoclass.compare([one, silent]).notes
    )
