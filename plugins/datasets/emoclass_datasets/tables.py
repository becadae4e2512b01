"""The datasets that come as a table: of pixels, or of annotators' votes."""

from __future__ import annotations

from emoclass import DatasetSpec
from emoclass_datasets import fer2013

TABLES: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="fer2013",
        summary="FER2013: 35,887 gray faces of 48x48 pixels from web search, seven classes, official splits.",
        load="emoclass_datasets.fer2013:load",
        read_sample="emoclass_datasets.fer2013:read_sample",
        make_tiny="emoclass_datasets.fer2013:make_tiny",
        emotions=("happy", "sad", "angry", "scared", "surprised", "disgusted", "neutral"),
        codes=fer2013.CODES,
        expects="face_crop",
        license="None stated. The pictures come from a web search and belong to their owners: for research only.",
        citation=(
            "I. J. Goodfellow et al., Challenges in Representation Learning: A report on three machine learning "
            "contests, ICONIP 2013, arXiv:1307.0414."
        ),
        url=fer2013.URL,
    ),
)
