"""The drawn faces: no two of them are one picture, so that the default run keeps its split."""

from __future__ import annotations

import emoclass
from emoclass import LabelScheme
from emoclass.data.split import SPLITS, split
from emoclass.data.synthetic_faces.dataset import load
from emoclass.values.config import DataConfig


def test_the_drawn_faces_hold_no_copies_and_split_into_192_32_and_32(registry):
    found = emoclass.audit(dataset="synthetic-faces", registry=registry)
    assert (found.n_images, found.pairs, found.clusters, found.unreadable, found.suspicious) == (256, (), (), (), ())
    labels = LabelScheme(emotions=("happy", "sad"))
    drawn = split(list(load(labels=labels)), labels, DataConfig(), seed=0, clusters=found.clusters)
    assert [len(drawn.positions(side)) for side in SPLITS] == [192, 32, 32]
