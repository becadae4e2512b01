"""CK+ as a table of pixels."""

import pytest
from emoclass_datasets import pixel_table, register_datasets
from emoclass_datasets.ckplus_csv import load

from emoclass.errors import DataError

FACE = pixel_table.drawn(0)


def table(root, *rows, header="emotion,pixels,Usage"):
    (root / "ckextended.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def test_the_splits_are_those_of_the_table(tmp_path):
    table(tmp_path, f"7,{FACE},Training", f"0,{FACE},PublicTest", f"6,{FACE},PrivateTest")
    assert [(each.emotion, each.split) for each in load(tmp_path)] == [
        ("contempt", "train"), ("anger", "validation"), ("neutral", "test"),
    ]  # fmt: skip


def test_without_a_usage_there_are_no_official_splits(tmp_path):
    samples = list(load(table(tmp_path, f"3,{FACE}", header="emotion,pixels")))
    assert [(each.emotion, each.split, each.group) for each in samples] == [("happiness", None, None)]


@pytest.mark.parametrize(("row", "told"), [(f"8,{FACE},Training", "among 0, .*, 7, got '8'"), (f"3,{FACE},", "got ''")])
def test_an_unknown_number_or_word_is_an_error_with_its_line(row, told, tmp_path):
    with pytest.raises(DataError, match=rf"dataset 'ckplus-csv': .*{told} \(.*ckextended\.csv, line 2\)"):
        list(load(table(tmp_path, row)))


def test_every_run_is_told_that_persons_are_on_both_sides():
    (notice,) = [spec.notice for spec in register_datasets() if spec.name == "ckplus-csv"]
    assert "optimistically biased" in notice
