from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoclass import RunConfig
from emoclass.reporting.contents import Picture, ReportContents
from emoclass.reporting.formatting import duration, number
from emoclass.reporting.pages.run import read_intervals, write_report
from emoclass.values.results import LayerRow, MetricValue, RunRecord, SkippedFile

LABELS = ("happy", "sad")
EVIL = "<script>alert('x')</script>\"&.png"
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects text, tags and pictures, and checks that each tag is closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.images, self.ids, self.links = [], [], [], [], []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], f"left open: {self.open}"
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(given)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def metrics() -> dict[str, MetricValue]:
    sad = MetricValue(n_samples=0, reason="no image was predicted 'sad'")
    return {
        "accuracy": MetricValue(value=0.6875, ci_low=0.5143, ci_high=0.8205, n_samples=32, interval="wilson"),
        "precision": MetricValue(n_samples=0, reason="nothing was predicted sad"),
        "recall": MetricValue(value=0.5, ci_low=0.28, ci_high=0.72, n_samples=16, interval="wilson"),
        "kappa": MetricValue(value=-0.25, n_samples=32, reason="no interval: a single group"),
        "f1_per_class": MetricValue(
            n_samples=32, per_class={"happy": MetricValue(value=0.6123, n_samples=16), "sad": sad}
        ),
        "confusion": MetricValue(n_samples=32, matrix=((14, 2), (8, 8))),
    }


def contents(folder: Path, **changes) -> ReportContents:
    config = {"plugin": "p", "recipe": "r", "labels": LABELS, "model": {"name": "small-cnn"}, "seed": 4711}
    result = RunRecord(
        folder=folder, plugin="p", recipe="r", labels=LABELS, metrics=metrics(),
        n_samples={"train": 1192, "validation": 32, "test": 32},
        history={"epoch": (1.0, 2.0), "seconds": (40.0, 43.4), "loss": (1.0, 0.5), "val_loss": (1.1, 0.9)},
        skipped=(SkippedFile(path=EVIL, reason="not <b>an image"), *(
            SkippedFile(path=f"sad/{i:03}.jpg", reason="truncated") for i in range(150))),
        left_out={"<i>bored": 1054}, merged={"happy": {"<b>grin": 3, "<b>smirk": 2048}},
        notes=("Synthetic faces prove the installation only.",),
    )  # fmt: skip
    whole = ReportContents(
        result=result, config=RunConfig.model_validate(config),
        dataset_summary="Photographs.", model_summary="A small network.",
        layers=(LayerRow(name="conv", kind="Conv2D", output_shape="(None, 8, 8, 16)", parameters=448),
                LayerRow(name="dense", kind="Dense", output_shape="(None, 1)", parameters=1025)),
        counts={"train": {"happy": 596, "sad": 596}, "test": {"happy": 16, "sad": 16}},
        split_method=("Drawn at random with seed 4711.",), examples=(),
        test_batch=(Picture(EVIL, np.zeros((4, 4, 3), np.uint8), "happy", {"happy": 0.1, "sad": 0.9}, "sad"),
                    Picture("fine.png", np.zeros((4, 4, 3), np.uint8), "sad", {"happy": 0.2, "sad": 0.8}, "sad")),
        environment={"started": "2026-01-14T15:20:11+0000", "versions": {"keras": "3.11.1"}, "git_commit": None},
        seconds={"training": 83.4}, metric_summaries={"accuracy": "The share of right answers."},
    )  # fmt: skip
    return replace(whole, **changes)


@pytest.fixture
def plots(tmp_path) -> dict[str, Path]:
    names = ("examples", "curves", "metrics", "single_predictions", "test_batch", "confusion_matrix")
    for position, name in enumerate(names):
        Image.new("RGB", (40 + position, 30)).save(tmp_path / f"{name}.png")
    return {name: tmp_path / f"{name}.png" for name in names}


def written(given: ReportContents, plots: dict[str, Path], folder: Path) -> tuple[str, Page]:
    write_report(given, plots, folder / "report.html")
    html = (folder / "report.html").read_text(encoding="utf-8")
    return html, Page(html)


def test_the_page_holds_the_numbers_with_their_evidence(tmp_path, plots):
    _, page = written(contents(tmp_path), plots, tmp_path)
    for told in ("0.688", "95 % interval 0.514 to 0.821", "on 32 test images", "on 16 of the 32 test images",
                 "-0.250", "no interval: a single group", "0.612", "1,192", "1,473", "1 min 23 s", "3.11.1",
                 "seed = 4711", "emoclass run --config", "Drawn at random with seed 4711.",
                 "January 14, 2026, 15:20", "The share of right answers.", "(None, 8, 8, 16)"):  # fmt: skip
        assert told in page.text, told


@pytest.mark.parametrize(
    ("keep", "told"),
    [
        ("last", "The model has the weights of the last epoch. The validation accuracy of this epoch is 0.800, on 32"),
        ("best", "the weights of epoch 2, which has the lowest validation loss. The validation accuracy of this epoch "
         "is 0.750, on 32 validation images."),
    ],
)  # fmt: skip
def test_the_page_says_which_epoch_is_kept_and_its_validation_accuracy(tmp_path, plots, keep, told):
    given = contents(tmp_path)
    history = {"epoch": (1.0, 2.0, 3.0), "val_loss": (1.1, 0.9, 1.0), "val_accuracy": (0.5, 0.75, 0.8)}
    config = RunConfig.model_validate({**given.config.model_dump(), "training": {"keep": keep}})
    result = given.result.model_copy(update={"history": history})
    assert told in written(replace(given, config=config, result=result), plots, tmp_path)[1].text


def test_the_page_says_how_training_values_differ_from_those_of_validation(tmp_path, plots):
    def said(**training):
        given = contents(tmp_path)
        config = RunConfig.model_validate({**given.config.model_dump(), "training": training})
        return written(replace(given, config=config), plots, tmp_path)[1].text

    told = {
        "includes the divergence from the teachers": {"teacher": {"bundles": ["faces"]}},
        "are those on mixed images (mixup)": {"mixup": 0.2},
        "targets are smoothed labels, which": {"label_smoothing": 0.1},
        "targets are smoothed labels and annotators' votes, which": {"label_smoothing": 0.1, "targets": "both"},
        "loss is weighted by class": {"class_weights": "balanced"},
    }
    plain = said()
    assert "Training values are means over an epoch" in plain
    for sentence, training in told.items():
        assert sentence in said(**training)
        assert sentence not in plain


def test_undefined_metrics_say_why(tmp_path, plots):
    _, page = written(contents(tmp_path), plots, tmp_path)
    assert "undefined nothing was predicted sad" in page.text
    assert "undefined no image was predicted 'sad'" in page.text
    assert "nan" not in page.text.lower().split() and "None" not in page.text.replace("(None", "")


def test_notices_come_before_the_numbers(tmp_path, plots):
    _, page = written(contents(tmp_path), plots, tmp_path)
    assert page.text.index("Synthetic faces prove") < page.text.index("0.688")


def test_what_is_left_out_or_merged_stands_with_the_data(tmp_path, plots):
    _, page = written(contents(tmp_path), plots, tmp_path)
    data = page.text[page.text.index("How it was split") :]
    assert "not among the emotions of this run: <i>bored 1,054." in data
    assert "Mapped to happy : <b>grin 3, <b>smirk 2,048." in data


def test_names_of_strangers_are_escaped(tmp_path, plots):
    html, page = written(contents(tmp_path), plots, tmp_path)
    assert "script" not in page.tags and "i" not in page.tags and "b" not in page.tags
    assert page.text.count(EVIL) == 2, "among the skipped files and in the test batch"
    assert "<script" not in html


def test_the_page_loads_nothing(tmp_path, plots):
    html, page = written(contents(tmp_path), plots, tmp_path)
    assert not re.search(r"https?:|url\(|@import|src=\"(?!data:image/png)", html)
    assert page.links and all(link.startswith("#") and link[1:] in page.ids for link in page.links)


def test_pictures_are_embedded_with_a_description(tmp_path, plots):
    _, page = written(contents(tmp_path), plots, tmp_path)
    assert len(page.images) == len(plots)
    widths = set()
    for image in page.images:
        assert image["alt"].strip() and int(image["width"]) > 0
        with Image.open(BytesIO(base64.b64decode(image["src"].partition(",")[2]))) as decoded:
            widths.add(decoded.width)
    assert widths == set(range(40, 46))


def test_mistakes_are_marked_in_the_table(tmp_path, plots):
    html, page = written(contents(tmp_path), plots, tmp_path)
    assert "✗ sad 0.900" in page.text and "✓ sad 0.800" in page.text
    assert html.count('class="wrong"') == 1


def test_many_skipped_files_are_counted_not_listed(tmp_path, plots):
    _, page = written(contents(tmp_path), plots, tmp_path)
    assert "151 unusable files" in page.text and "and 131 more" in page.text and "skipped.csv" in page.text
    assert "sad/018.jpg" in page.text and "sad/019.jpg" not in page.text


def test_a_bare_run_has_a_page_too(tmp_path):
    bare = contents(tmp_path)
    result = bare.result.model_copy(
        update={"metrics": {}, "history": {}, "skipped": (), "left_out": {}, "merged": {}, "notes": (), "n_samples": {}}
    )
    _, page = written(replace(bare, result=result, test_batch=(), environment={}, layers=()), {}, tmp_path)
    assert page.images == [] and "Started" not in page.text


def test_a_file_name_that_is_no_text_costs_no_report(tmp_path, plots):
    given = contents(tmp_path)
    odd = given.result.model_copy(update={"skipped": (SkippedFile(path="\udcfc.jpg", reason="empty"),)})
    _, page = written(replace(given, result=odd), plots, tmp_path)
    assert r"\udcfc.jpg" in page.text and "1 unusable file is" in page.text


def test_intervals_are_read_in_plain_words(tmp_path):
    sentences = " ".join(read_intervals(contents(tmp_path)))
    assert "With 32 test images, the 95 % confidence interval of the accuracy is 0.51 to 0.82." in sentences
    assert "That is wide" in sentences
    assert (
        "classified 22 of 32 correctly; always predicting “happy”" in sentences
        and "would classify 16 correctly." in sentences
    )
    assert "The whole interval of the accuracy lies above that baseline (0.50)." in sentences


@pytest.mark.parametrize(
    ("matrix", "value", "low", "said"),
    [
        (((10, 6), (8, 8)), 18 / 32, 0.39, "may be chance"),
        (((8, 8), (8, 8)), 0.5, 0.33, "no better than that"),
        (((20, 2), (10, 0)), 20 / 32, 0.45, "no better than that"),
    ],
)
def test_a_doubtful_lead_is_called_so(tmp_path, matrix, value, low, said):
    given = contents(tmp_path)
    accuracy = MetricValue(value=value, ci_low=low, ci_high=0.8, n_samples=32, interval="wilson")
    table = MetricValue(n_samples=32, matrix=matrix)
    result = given.result.model_copy(update={"metrics": {"accuracy": accuracy, "confusion": table}})
    assert said in " ".join(read_intervals(replace(given, result=result)))


def test_the_reading_is_of_the_figure_with_most_images(tmp_path):
    given = contents(tmp_path)
    config = given.config.model_copy(
        update={"evaluation": given.config.evaluation.model_copy(update={"headline": ("recall", "accuracy")})}
    )
    assert read_intervals(replace(given, config=config))[0].startswith(
        "With 32 test images, the 95 % confidence interval of the accuracy"
    )


def test_no_interval_and_no_matrix_give_no_reading(tmp_path):
    given = contents(tmp_path)
    result = given.result.model_copy(update={"metrics": {"accuracy": MetricValue(value=0.5, n_samples=4)}})
    assert read_intervals(replace(given, result=result)) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (59.97, "1 min 0 s"), (59.9, "59.9 s"), (3599.7, "1 h 0 min")]
)
def test_durations_never_say_sixty(seconds, text):
    assert duration(seconds) == text


def test_numbers_have_three_decimals():
    assert (number(0.68751), number(-0.0001), number(-0.25)) == ("0.688", "0.000", "-0.250")


def test_the_page_needs_no_matplotlib():
    code = "import sys, emoclass.reporting.pages.run; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
