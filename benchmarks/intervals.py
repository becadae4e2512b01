"""How long all metrics with their intervals take, and how much memory, on made predictions of seven emotions.

    python benchmarks/intervals.py [--plain]

Each line is measured in a process of its own: seconds of wall time, and the memory on top of the predictions. With
`--plain`, metrics are bootstrapped by calling `compute` for each resample, as a metric without `weighted` is: ten
resamples, times a hundred.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.paired import paired_bootstrap
from emoclass.evaluation.permutation import permutation_test
from emoclass.evaluation.predictions import Predictions
from emoclass.evaluation.subgroups import break_down
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.values.labels import EMOTIONS, LabelScheme

LABELS = LabelScheme(emotions=EMOTIONS[:7])
METRICS = [spec for spec in BUILTIN_METRICS if not spec.takes_votes]
PROPORTIONS = [spec for spec in METRICS if spec.interval == "proportion"]


def predictions(n: int, persons: int | None = None) -> Predictions:
    rng, classes = np.random.default_rng(0), len(LABELS)
    y_true = rng.integers(0, classes, n)
    scores = np.exp(rng.normal(size=(n, classes)) + 1.5 * np.eye(classes)[y_true])
    groups = None if persons is None else tuple(f"p{i % persons}" for i in range(n))
    return Predictions(tuple(map(str, range(n))), y_true, scores / scores.sum(axis=1, keepdims=True), LABELS, groups)


def _answers(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y_true, noise = rng.integers(0, 7, n), rng.integers(0, 7, (2, n))
    first, second = (np.where(rng.random(n) < 0.7, y_true, each) for each in noise)
    return y_true, first, second


def of_metrics(n: int, persons: int | None = None) -> Callable[[bool], object]:
    given = predictions(n, persons)

    def work(plain: bool) -> object:
        specs = [spec.model_copy(update={"weighted": None}) for spec in METRICS] if plain else METRICS
        return evaluate(given, specs, n_resamples=10 if plain else 1000)

    return work


def of_persons(persons: int) -> Callable[[bool], object]:
    given = predictions(20 * persons, persons)
    return lambda plain: break_down(given, "group", given.groups or (), PROPORTIONS, seed=0, n_resamples=1000)


def of_pair(n: int, images_a_person: int | None) -> Callable[[bool], object]:
    y_true, first, second = _answers(n)
    units = None if images_a_person is None else np.arange(n) // images_a_person
    return lambda plain: paired_bootstrap(y_true, first, second, classes=7, units=units, seed=0)


def of_permutations(n: int, values: int) -> Callable[[bool], object]:
    y_true, first, _ = _answers(n)
    value = np.random.default_rng(1).integers(0, values, n)
    return lambda plain: permutation_test(first == y_true, value, units=np.arange(n) // 30, seed=0)


CASES: dict[str, Callable[[], Callable[[bool], object]]] = {
    "all metrics, 32 images": lambda: of_metrics(32),
    "all metrics, 10,000 images": lambda: of_metrics(10_000),
    "all metrics, 100,000 images": lambda: of_metrics(100_000),
    "all metrics, 100,000 images of 5,000 persons": lambda: of_metrics(100_000, 5_000),
    "all metrics, 1,000,000 images": lambda: of_metrics(1_000_000),
    "by group, 10,000 persons of 20 images": lambda: of_persons(10_000),
    "paired bootstrap, 300,000 images": lambda: of_pair(300_000, None),
    "paired bootstrap, 300,000 images of 10,000 persons": lambda: of_pair(300_000, 30),
    "permutations, 300,000 images of 10,000 persons, 2 values": lambda: of_permutations(300_000, 2),
}


def measure(name: str, plain: bool) -> None:
    evaluate(predictions(8), METRICS, n_resamples=1)  # imports, threads
    work = CASES[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, started = time.process_time(), time.perf_counter()
    work(plain)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    if plain and name.startswith("all metrics"):
        seconds, cpu = 100 * seconds, 100 * cpu
    print(f"| {name} | {seconds:.2f} s | {cpu:.2f} s | {more} MiB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        return measure(given.case, given.plain)
    print("| what | wall time | processor time | memory |\n| --- | --- | --- | --- |", flush=True)
    for name in CASES:
        if given.plain and not name.startswith("all metrics"):
            continue
        again = [sys.executable, __file__, "--case", name, *(["--plain"] if given.plain else [])]
        subprocess.run(again, check=True)
    return None


if __name__ == "__main__":
    main()
