"""The report of a study: one page, without script, with every run and what they say together."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from emoclass import RunConfig
from emoclass.reporting.folders.study import StudyFolder, StudyPlan
from emoclass.reporting.pages.study import StudyContents, write_study
from emoclass.values.results import MetricValue, RunRecord
from emoclass.values.study import StudyRecord

EVIL = "<script>alert('x')</script>\"&.png"
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Collects words and links, and checks that each tag is closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.words = [], [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == [], f"left open: {self.open}"
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.open += [] if tag in VOID else [tag]
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def contents(folder: Path, kind: str, emotions: tuple[str, ...] = ("happy", "sad")) -> StudyContents:
    def part(accuracy: float | None) -> RunRecord:
        metrics = {
            "accuracy": MetricValue(value=accuracy, n_samples=32),
            "log_loss": MetricValue(value=1.5, n_samples=32),
        }
        return RunRecord(
            folder=folder, plugin="mine", recipe="faces", labels=emotions,
            n_samples={"train": 64, "validation": 8, "test": 32}, metrics=metrics,
        )  # fmt: skip

    names = ("fold-1", "fold-2", "fold-3") if kind == "folds" else ("seed-0", "seed-1", "seed-2")
    value = MetricValue(value=0.75, ci_low=0.6, ci_high=0.9, n_samples=96, interval="wilson")
    undefined = MetricValue(n_samples=0, reason="nobody was predicted")
    pooled = {
        "accuracy": value,
        "log_loss": MetricValue(value=1.4, n_samples=96, reason=EVIL),
        "recall_per_class": MetricValue(n_samples=96, per_class=dict.fromkeys(emotions, value) | {"sad": undefined}),
        "confusion": MetricValue(n_samples=96, matrix=tuple(tuple(range(len(emotions))) for _ in emotions)),
    }
    result = StudyRecord(
        folder=folder, kind=kind, plugin="mine", recipe="faces", labels=emotions, headline=("accuracy", "log_loss"),
        parts=dict(zip(names, (part(0.5), part(1.0), part(None)), strict=True)),
        pooled=pooled if kind == "folds" else {}, notes=(EVIL,),
    )  # fmt: skip
    return StudyContents(
        result=result,
        plan=StudyPlan(folds=3) if kind == "folds" else StudyPlan(seeds=(0, 1, 2)),
        config=RunConfig(plugin="mine", recipe="faces", labels=emotions, model={"name": "m"}),
        dataset_summary=EVIL,
        model_summary="A network.",
        metric_summaries={"accuracy": "Right answers."},
        environment={"versions": {"python": "3.11"}, "started": "2026-01-02T03:04:05"},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path) -> StudyFolder:
    made = StudyFolder.create(tmp_path, "study")
    yield made
    made.release()


def written(folder: StudyFolder, given: StudyContents) -> tuple[str, Page]:
    write_study(folder, given)
    html = (folder.path / "report.html").read_text(encoding="utf-8")
    return html, Page(html)


def test_the_page_of_folds_shows_each_of_them_their_spread_and_the_pooled_figures(folder) -> None:
    _, page = written(folder, contents(folder.path, "folds"))
    assert "faces, 3 folds" in page.text
    assert "96 images of the dataset" in page.text and "each tested once" in page.text
    assert "standard deviation 0.354" in page.text and "defined in 2 of 3 folds only" in page.text
    assert "0.750 over 96 pooled images, 95 % interval 0.600 to 0.900" in page.text
    assert "Bengio and Grandvalet, 2004" in page.text
    assert "emoclass run --config" in page.text and "--folds 3" in page.text


def test_every_link_leads_to_a_section_or_to_the_report_of_a_run(folder) -> None:
    _, page = written(folder, contents(folder.path, "folds"))
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert [link for link in page.links if not link.startswith("#")] == [f"fold-{n}/report.html" for n in (1, 2, 3)]


def test_the_page_of_seeds_pools_nothing(folder) -> None:
    _, page = written(folder, contents(folder.path, "seeds"))
    assert "faces, 3 seeds" in page.text and "--seeds 0,1,2" in page.text
    assert "pooled" not in page.text and "confusion" not in page.ids
    assert not (folder.path / "plots").exists()


@pytest.mark.parametrize("kind", ["folds", "seeds"])
def test_the_page_holds_no_script_loads_nothing_and_escapes_what_strangers_wrote(folder, kind) -> None:
    html, page = written(folder, contents(folder.path, kind))
    assert "script" not in page.tags
    assert EVIL in page.text
    assert not re.search(r'(?:src|href)="(?!#|data:|(?:fold|seed)-\d/report\.html)', html)
    assert "StrictUndefined" not in html and "{{" not in html


def test_the_confusion_matrix_is_drawn_in_the_page_and_beside_it(folder) -> None:
    html, _ = written(folder, contents(folder.path, "folds", ("happy", "sad", "angry")))
    (found,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert base64.b64decode(found) == (folder.path / "plots" / "confusion_matrix.png").read_bytes()


def test_the_style_is_that_of_the_report_of_a_run(folder) -> None:
    html, _ = written(folder, contents(folder.path, "folds"))
    assert "--paper:" in html and "prefers-color-scheme: dark" in html
