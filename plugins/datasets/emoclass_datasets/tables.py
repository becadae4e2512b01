"""The datasets that come as a table: of pixels, or of annotators' votes."""

from __future__ import annotations

from emoclass import DatasetSpec
from emoclass_datasets import ckplus_csv, fer2013, ferplus
from emoclass_datasets.release import CONFLICTING

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
        url=fer2013.RELEASE.url,
    ),
    DatasetSpec(
        name="ferplus",
        summary="FER+: the images of FER2013 with ten annotators' votes each on eight emotions.",
        load="emoclass_datasets.ferplus:load",
        read_sample="emoclass_datasets.fer2013:read_sample",
        make_tiny="emoclass_datasets.ferplus:make_tiny",
        not_emotions=("unknown", "NF", ferplus.NO_MAJORITY, CONFLICTING),
        codes=ferplus.CODES,
        expects="face_crop",
        license="The votes: MIT License. The pictures: those of FER2013, none stated, for research only.",
        citation=(
            "E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang, Training Deep Networks for Facial Expression "
            "Recognition with Crowd-Sourced Label Distribution, ICMI 2016, arXiv:1608.01041."
        ),
        url=ferplus.RELEASE.url,
        images_of="fer2013",
    ),
    DatasetSpec(
        name="ckplus-csv",
        summary="CK+ as a table of 48x48 gray pixels, ckextended.csv; the persons are not known.",
        load="emoclass_datasets.ckplus_csv:load",
        read_sample="emoclass_datasets.pixel_table:read_row",
        make_tiny="emoclass_datasets.ckplus_csv:make_tiny",
        codes=ckplus_csv.CODES,
        expects="face_crop",
        notice=(
            "ckextended.csv does not say who is in a picture: one person's pictures stand on several sides of its "
            "splits and of any random one, so metrics on it are optimistically biased."
        ),
        license="CK+ is given to researchers who sign its agreement. This table of it has no terms of its owner.",
        citation=(
            "P. Lucey et al., The Extended Cohn-Kanade Dataset (CK+): A complete dataset for action unit and "
            "emotion-specified expression, CVPR Workshops 2010."
        ),
        url=ckplus_csv.RELEASE.url,
    ),
)
