"""How often a 95 % interval holds the truth where the images come from few persons, or are copies; by simulation.

    python benchmarks/coverage.py accuracy [--simulations 4000]
    python benchmarks/coverage.py metrics [--simulations 1000]
    python benchmarks/coverage.py copies [--simulations 2000]

`accuracy`: persons with 20 images each, whose own accuracies follow a beta distribution; the correlation is that of two
answers on images of one person. `metrics`: probabilities of three emotions, where persons differ in how easy they are
and in what they are taken for. `copies`: 60 pictures, each there three times. *Before* are the percentiles of the same
resamples. What is counted are intervals that exist: there is none where all persons are equal, and none of two persons.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.intervals import interval_of_resamples
from emoclass.evaluation.predictions import Predictions
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.values.labels import LabelScheme
from emoclass.values.references import resolve

PERSONS = (2, 3, 5, 8, 16, 40)
IMAGES = 20
SPECS = {spec.name: spec for spec in BUILTIN_METRICS}


def percentiles_hold(resampled: NDArray[np.float64], truth: float) -> bool:
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return bool(low - 1e-12 <= truth <= high + 1e-12)


def of_accuracy(simulations: int) -> None:
    print("| accuracy | correlation |", " | ".join(f"{persons} persons" for persons in PERSONS), "|")
    print("| --- " * (2 + len(PERSONS)) + "|")
    for accuracy in (0.6, 0.75, 0.85, 0.95):
        for correlation in (0.0, 0.1, 0.3, 0.5):
            cells = [_cell(persons, accuracy, correlation, simulations) for persons in PERSONS]
            print(f"| {accuracy} | {correlation} |", " | ".join(cells), "|", flush=True)


def _cell(persons: int, accuracy: float, correlation: float, simulations: int) -> str:
    rng = np.random.default_rng([persons, int(100 * accuracy), int(100 * correlation)])
    weights = rng.multinomial(persons, np.ones(persons) / persons, 1000) / persons
    before, after, none = [], [], 0
    for _ in range(simulations):
        share = np.full(persons, accuracy)
        if correlation:
            both = (1 - correlation) / correlation
            share = rng.beta(accuracy * both, (1 - accuracy) * both, persons)
        right = rng.binomial(IMAGES, share) / IMAGES
        if np.ptp(right) == 0:
            none += 1
            continue
        resampled = weights @ right
        before.append(percentiles_hold(resampled, accuracy))
        found = interval_of_resamples(right.mean(), resampled, persons, (0.0, 1.0))
        if found.low is not None and found.high is not None:
            after.append(found.low <= accuracy <= found.high)
    now = f"{np.mean(after):.2f}" if after else "no interval"
    share_none = f", {none / simulations:.0%} none" if none >= 0.005 * simulations and after else ""
    return f"{np.mean(before):.2f}, now {now}{share_none}"


NAMES = ("accuracy", "f1", "roc_auc", "average_precision", "log_loss", "brier_score", "cohen_kappa")
LABELS = LabelScheme(emotions=("happy", "sad", "angry"))


def _drawn(rng: np.random.Generator, persons: int) -> Predictions:
    n, classes = persons * IMAGES, len(LABELS)
    person = np.repeat(np.arange(persons), IMAGES)
    y_true = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + rng.normal(0, 0.7, (persons, classes))[person]
    logits[np.arange(n), y_true] += 1.7 + rng.normal(0, 0.5, persons)[person]
    scores = np.exp(1.3 * logits)
    groups = tuple(f"p{each}" for each in person)
    return Predictions(tuple(map(str, range(n))), y_true, scores / scores.sum(axis=1, keepdims=True), LABELS, groups)


def of_metrics(simulations: int) -> None:
    truth = {name: value.value for name, value in evaluate(_drawn(np.random.default_rng(0), 20_000),
             [SPECS[name] for name in NAMES], n_resamples=0).items()}  # fmt: skip
    print("| metric |", " | ".join(f"{persons} persons" for persons in PERSONS[1:]), "|")
    print("| --- " * len(PERSONS) + "|")
    cells: dict[str, list[str]] = {name: [] for name in NAMES}
    for persons in PERSONS[1:]:
        rng = np.random.default_rng(persons)
        weights = rng.multinomial(persons, np.ones(persons) / persons, 500).astype(np.float64)
        held: dict[str, list[tuple[bool, bool]]] = {name: [] for name in NAMES}
        for _ in range(simulations):
            given = _drawn(rng, persons)
            of_images = weights[:, given.units]
            for name in NAMES:
                figure = resolve(SPECS[name].weighted)(given.y_true, given.y_score, labels=LABELS)
                resampled, true = figure(of_images), float(truth[name] or 0.0)
                value = float(figure(np.ones((1, len(given))))[0])
                found = interval_of_resamples(value, resampled, persons, SPECS[name].bounds)
                if found.low is not None and found.high is not None:
                    held[name].append((percentiles_hold(resampled, true), found.low <= true <= found.high))
        for name, each in held.items():
            before, now = np.mean(each, axis=0)
            cells[name].append(f"{before:.2f}, now {now:.2f}")
    for name, row in cells.items():
        print(f"| `{name}` |", " | ".join(row), "|")


def of_copies(simulations: int) -> None:
    pictures, copies, accuracy = 60, 3, 0.8
    labels = LabelScheme(emotions=("happy", "sad"))
    names = tuple(f"picture {i // copies}" for i in range(pictures * copies))
    rng, held = np.random.default_rng(0), []
    for _ in range(simulations):
        right = np.repeat(rng.random(pictures) < accuracy, copies)
        scores = np.where(right[:, np.newaxis], [[0.9, 0.1]], [[0.1, 0.9]])
        ids = tuple(map(str, range(len(right))))
        both = []
        for clusters in (None, names):
            given = Predictions(ids, np.zeros(len(right), int), scores, labels, clusters=clusters)
            found = evaluate(given, [SPECS["accuracy"]])["accuracy"]
            both.append(found.ci_low is not None and found.ci_low <= accuracy <= (found.ci_high or 0.0))
        held.append(both)
    before, now = np.mean(held, axis=0)
    print(f"{pictures} pictures, {copies} copies each: as {len(names)} images {before:.3f}, as copies {now:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("accuracy", "metrics", "copies"))
    parser.add_argument("--simulations", type=int)
    given = parser.parse_args()
    function, usual = {
        "accuracy": (of_accuracy, 4000), "metrics": (of_metrics, 1000), "copies": (of_copies, 2000)
    }[given.what]  # fmt: skip
    function(given.simulations or usual)


if __name__ == "__main__":
    main()
