"""How the side of a face's crop changes the accuracy on photographs of happy and sad people.

    python benchmarks/framing.py PHOTOGRAPHS FACES.csv

PHOTOGRAPHS has a folder for each emotion. FACES.csv lists their faces as `benchmarks/detectors.py` takes it. The
photographs with a real face count; their largest found face is classified. One without a found face counts as wrong.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

import emoclass
from emoclass.data.photograph import Photograph
from emoclass.faces.find import FaceFinder
from emoclass.faces.frame import frame

SIDES = (0.9, 1.0, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("faces", type=Path)
    given = parser.parse_args()
    with given.faces.open(encoding="utf-8", newline="") as file:
        names = sorted({row["file"] for row in csv.DictReader(file) if row["kind"] == "real"})
    model = emoclass.load("faces").among("happy,sad")
    finder = FaceFinder(emoclass.Registry.discover().detectors.get("yunet"), max_faces=1)
    photographs = [Photograph((given.photographs / name).read_bytes(), path=name) for name in names]
    found = [finder(each) for each in photographs]
    print(f"{len(names)} photographs, a face found in {sum(map(bool, found))}")
    print("\n| side | upright | as it stands |\n| --- | --- | --- |")
    for side in SIDES:
        accuracies = []
        for upright in (True, False):
            framing, right = emoclass.Framing(side=side, upright=upright), 0
            for name, photograph, faces in zip(names, photographs, found, strict=True):
                if faces:
                    scores = model.scores(frame(photograph, faces[0], framing, model.image_shape)[None])
                    right += model.labels.emotions[int(np.argmax(scores))] == Path(name).parts[0]
            accuracies.append(right / len(names))
        print(f"| {side:g} | {accuracies[0]:.3f} | {accuracies[1]:.3f} |")


if __name__ == "__main__":
    main()
