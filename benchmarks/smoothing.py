"""What smoothing does to the emotions of persons in videos: label changes, events, and lag.

    python benchmarks/smoothing.py ../shared/data/videos/*.m*

Each video is watched once without smoothing; then the same probabilities are smoothed with several time constants.
"label changes" counts how often a person's likeliest emotion differs from that of the frame before. "lag" is the delay
of the raw probabilities that agrees best with the smoothed ones, in the least squares sense.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from emoclass import load, watch
from emoclass.video.events import EventFinder
from emoclass.video.smooth import Smoother

CONSTANTS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--model", default="faces")
    options = parser.parse_args()
    model = load(options.model)
    print("| video | time constant | label changes a second | events a minute | lag |\n| --- | --- | --- | --- | --- |")
    for video in options.videos:
        persons: dict[int, list[tuple[float, np.ndarray]]] = {}
        for moment in watch(video, model, smoothing=0):
            for person in moment.persons:
                if person.raw is not None:
                    scores = np.array(list(person.raw.values()))
                    persons.setdefault(person.person, []).append((moment.time, scores))
        for constant in CONSTANTS if persons else ():
            print(row(video.name, list(persons.values()), constant, model.labels.emotions))


def row(name: str, persons: list[list[tuple[float, np.ndarray]]], constant: float, emotions: tuple[str, ...]) -> str:
    changes, events, seconds, lags = 0, 0, 0.0, []
    for series in persons:
        smoother, finder = Smoother(constant), EventFinder(1)
        smoothed = [smoother.update(scores, time) for time, scores in series]
        labels = np.argmax(smoothed, axis=1)
        changes += int((labels[1:] != labels[:-1]).sum())
        for (time, _), scores in zip(series, smoothed, strict=True):
            events += len(finder.update(dict(zip(emotions, scores.tolist(), strict=True)), time))
        events += len(finder.close())
        seconds += series[-1][0] - series[0][0]
        lags.append(
            lag(np.array([time for time, _ in series]), np.array([raw for _, raw in series]), np.array(smoothed))
        )
    figures = f"{changes / seconds:.2f} | {60 * events / seconds:.0f} | {np.mean(lags):.2f} s"
    return f"| {name} | {constant:g} s | {figures} |"


def lag(times: np.ndarray, raw: np.ndarray, smoothed: np.ndarray) -> float:
    delays = np.arange(0, 1.5, 0.01)
    late = times - times[0] > 1.5

    def error(delay: float) -> float:
        moved = np.stack([np.interp(times[late] - delay, times, column) for column in raw.T], axis=1)
        return float(((moved - smoothed[late]) ** 2).mean())

    return float(min(delays, key=error))


if __name__ == "__main__":
    main()
