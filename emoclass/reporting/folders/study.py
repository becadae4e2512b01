"""The folder of a study: its plan, the run folders of its parts, and their predictions put together."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emoclass.data.units import photograph_id
from emoclass.errors import OutputError
from emoclass.evaluation.predictions import Predictions, numbers_of_votes, shares_of_votes
from emoclass.plugin.config_file import read_file
from emoclass.reporting.folders.run import MARKER, RunFolder, resume_command
from emoclass.values.cells import from_cells
from emoclass.values.config import RunConfig, validate
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import Sample
from emoclass.values.study import StudyRecord

PLAN = "study.toml"
"""Makes a folder a study: into how many folds, or which seeds."""
EXPERIMENT = "experiment.toml"
"""The configuration that the runs share; not `config.toml`, so that nobody takes the study for a run."""
RESULT = "study.json"


@dataclass(frozen=True)
class StudyPlan:
    """Which runs a study holds.

    Attributes:
        folds: Into how many parts the images are dealt; None where seeds are repeated.
        seeds: The seeds, where there are no folds.
    """

    folds: int | None = None
    seeds: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """Say how many of what."""
        return f"{len(self.seeds)} seeds" if self.folds is None else f"{self.folds} folds"

    @property
    def option(self) -> str:
        """Return the option of `emoclass run` that asks for it."""
        return f"--seeds {','.join(map(str, self.seeds))}" if self.folds is None else f"--folds {self.folds}"


def is_study(path: Path) -> bool:
    """Tell whether a folder is a study, finished or not."""
    return (path / PLAN).is_file()


class StudyFolder(RunFolder):
    """One study's folder: made, locked and finished as a run folder is, with the run folders of its parts inside."""

    @classmethod
    def create(cls, parent: Path, name: str) -> StudyFolder:
        """Make a folder of its own in `parent`.

        Raises:
            OutputError: The parent cannot be written.
        """
        folder = super().create(parent, name)
        assert isinstance(folder, cls)  # says to the type checker what `create` does
        return folder

    @classmethod
    def open(cls, path: Path) -> StudyFolder:
        """Return an existing study.

        Raises:
            OutputError: It is none, or another process is writing to it.
        """
        if not is_study(path):
            raise OutputError(f"study {path}: expected a folder with a {PLAN}, found none.")
        folder = cls(path.resolve())
        folder._take_unfinished()
        return folder

    def is_finished(self) -> bool:
        """Tell whether the study came to its end."""
        return not (self.path / MARKER).exists() and (self.path / RESULT).is_file()

    def begin(self, plan: StudyPlan, config: RunConfig) -> None:
        """Write what the study is about."""
        self.write_text(EXPERIMENT, config.to_toml())
        said = f"seeds = {list(plan.seeds)}" if plan.folds is None else f"folds = {plan.folds}"
        self.write_text(PLAN, said + "\n")

    def plan(self) -> tuple[StudyPlan, RunConfig]:
        """Return what the study is about.

        Raises:
            OutputError: Its plan is damaged.
            ConfigError: Its configuration is.
        """
        try:
            tree = tomllib.loads((self.path / PLAN).read_text(encoding="utf-8"))
            plan = StudyPlan(folds=tree.get("folds"), seeds=tuple(tree.get("seeds", ())))
            if not (isinstance(plan.folds, int) or (plan.seeds and all(type(seed) is int for seed in plan.seeds))):
                raise ValueError("neither folds nor seeds")
        except (OSError, ValueError, TypeError) as error:
            raise OutputError(
                f"{self.path / PLAN}: is damaged ({error}).", hint="Start again with a new folder."
            ) from error
        file = self.path / EXPERIMENT
        return plan, validate(read_file(file), source=str(file))

    def begin_part(self, name: str, toml: str) -> Path:
        """Return a part's run folder; one that is missing is made, ready to be resumed from its very beginning."""
        path = self.path / name
        if not (path / "config.toml").is_file():
            with self.guard(name):
                path.mkdir(exist_ok=True)
                told = f"This run has not finished. Continue with: {resume_command(self.path)}\n"
                (path / MARKER).write_text(told, encoding="utf-8")
            RunFolder(path).write_text("config.toml", toml)
        return path

    def environment(self, part: str) -> dict[str, Any]:
        """Return a part's `environment.json`.

        Raises:
            OutputError: It is damaged.
        """
        try:
            document: dict[str, Any] = json.loads((self.path / part / "environment.json").read_text(encoding="utf-8"))
            if not {"config", "data"} <= set(document["digests"]):
                raise ValueError("no digests")
            return document
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{self.path / part / 'environment.json'}: is damaged ({error}).") from error

    def check_part(self, name: str, config: RunConfig, *, first: str) -> None:
        """Make sure that a finished part is one of this study, on the very images of the first part.

        Raises:
            OutputError: It is not: its metrics and the others' would not be comparable.
        """
        digests = self.environment(name)["digests"]
        for what, expected in (("settings", config.digest()), ("images", self.environment(first)["digests"]["data"])):
            if digests["config" if what == "settings" else "data"] != expected:
                raise OutputError(
                    f"study {self.path}: the {what} of {name} have changed since the start.",
                    hint=f"Start again, or restore them and remove {self.path / name}.",
                )

    def pool(self, parts: Sequence[str], labels: LabelScheme, samples: Mapping[str, Sample]) -> Predictions:
        """Write the predictions of all parts as `predictions.csv`, and return them.

        Args:
            parts: The folds.
            labels: The class order.
            samples: Id -> sample, for its group and votes.

        Raises:
            OutputError: A part's predictions cannot be read, or the images are gone.
        """
        rows: list[dict[str, str]] = []
        try:
            for part in parts:
                with (self.path / part / "predictions.csv").open(encoding="utf-8", newline="") as file:
                    rows += [{"part": part, **row} for row in map(from_cells, csv.DictReader(file))]
            rows.sort(key=lambda row: row["id"])
            tested = [_sample_of(row["id"], samples) for row in rows]
            scores = np.array([[float(row[f"score_{emotion}"]) for emotion in labels.emotions] for row in rows])
        except (OSError, ValueError, KeyError) as error:
            raise OutputError(f"study {self.path}: predictions cannot be pooled ({error}).") from error
        self.write_rows("predictions.csv", list(rows[0]), [list(row.values()) for row in rows])
        leaked = [row.get("leaked") for row in rows]
        votes = [sample.votes for sample in tested]
        return Predictions(
            ids=tuple(row["id"] for row in rows),
            y_true=np.array([labels.index(row["y_true"]) for row in rows]),
            y_score=scores,
            labels=labels,
            groups=tuple(sample.group for sample in tested),
            clusters=tuple(row.get("cluster") or None for row in rows),
            split="test",
            votes=shares_of_votes(votes, labels),
            n_votes=numbers_of_votes(votes, labels),
            leaked=np.array([mark == "1" for mark in leaked]) if all(leaked) else None,
        )

    def study_result(self) -> StudyRecord:
        """Return the result of a finished study.

        Raises:
            OutputError: `study.json` is damaged.
        """
        try:
            document = json.loads((self.path / RESULT).read_text(encoding="utf-8"))
            for computed in ("spread", "caution"):
                del document[computed]
            document |= {
                "folder": self.path,
                "parts": {name: RunFolder.open(self.path / name).result() for name in document["parts"]},
            }
            return StudyRecord.model_validate(document)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(f"study {self.path}: {RESULT} cannot be read ({error}).") from error


def _sample_of(predicted: str, samples: Mapping[str, Sample]) -> Sample:
    """Return a predicted sample: of a face, the photograph's, whose faces are a group."""
    photograph = samples.get(predicted) or samples[photograph_id(predicted)]
    if photograph.id == predicted:
        return photograph
    return replace(photograph, id=predicted, group=photograph.group or photograph.id)
