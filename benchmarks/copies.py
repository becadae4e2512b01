"""What copies in the training set are worth: a run beside a look at the labels of the copies.

    python benchmarks/copies.py RUN            the folder of a run, say one of `emoclass run --plugin faces`

Tells how often the commonest label of a test image's copies in the training set is right, and what accuracy the run
would have if it answered those test images by that label and the others as it did. It says how much of a test figure
can be had by heart.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from emoclass.evaluation.intervals import wilson


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder of a run whose test set has copies in the training set")
    run = parser.parse_args().run
    with (run / "split.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    with (run / "predictions.csv").open(encoding="utf-8", newline="") as file:
        right = {row["id"]: int(row["correct"]) for row in csv.DictReader(file) if row["split"] == "test"}
    looked_up: dict[str, int] = {}
    for cluster in json.loads((run / "audit.json").read_text(encoding="utf-8"))["crossing"]:
        copies = Counter(rows[each]["emotion"] for each in cluster if rows[each]["split"] != "test")
        if copies:
            label = copies.most_common(1)[0][0]
            looked_up |= {each: int(rows[each]["emotion"] == label) for each in cluster if each in right}
    if not looked_up:
        raise SystemExit(f"{run}: no test image has a copy in the training set.")

    print("| Test images | accuracy |\n| --- | --- |")
    print(f"| all, by the run | {_told(right.values())} |")
    print(f"| without a copy in training, by the run | {_told(right[each] for each in right.keys() - looked_up)} |")
    print(f"| with a copy, by the run | {_told(right[each] for each in looked_up)} |")
    print(f"| with a copy, by the commonest label of the copies | {_told(looked_up.values())} |")
    print(f"| all, copies by that label and the others by the run | {_told((right | looked_up).values())} |")


def _told(answers: Iterable[int]) -> str:
    answers = list(answers)
    interval = wilson(sum(answers), len(answers))
    return f"{sum(answers) / len(answers):.3f} [{interval.low:.3f}, {interval.high:.3f}] (n = {len(answers):,})"


if __name__ == "__main__":
    main()
