"""A cross-validation that trains; tests/unit/workflows/test_cross_validate.py tests what surrounds the training."""

from __future__ import annotations

from tiny import draw_photographs

import emoclass


def test_a_fold_of_a_study_gives_what_it_gives_alone(registry, tmp_path) -> None:
    photos = draw_photographs(tmp_path / "photos", {"happy": 9, "sad": 9}, size=8)
    config = {"data": {"audit": False}, "training": {"epochs": 1}}
    result = emoclass.cross_validate(
        plugin="tiny", data=photos, folds=2, config=config, out=tmp_path / "runs", registry=registry
    )
    fold = result.parts["fold-2"].folder
    alone = emoclass.run(config=fold / "config.toml", out=tmp_path / "alone", registry=registry)
    assert (alone.folder / "predictions.csv").read_bytes() == (fold / "predictions.csv").read_bytes()
    assert result.pooled["accuracy"].n_samples == 18
