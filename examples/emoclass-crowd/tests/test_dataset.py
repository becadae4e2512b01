"""The table of votes: what is read, what is left out, and what is refused with its line."""

import logging

import pytest
from emoclass.errors import DataError

from emoclass_crowd.dataset import load, make_tiny

HEADER = "file,person,happy,sad\n"


@pytest.fixture
def listed(tmp_path):
    """Return a function that lists a table of the given text."""

    def write_and_list(text, encoding="utf-8"):
        (tmp_path / "votes.csv").write_text(text, encoding=encoding)
        return list(load(tmp_path))

    return write_and_list


def test_a_row_is_a_sample_with_its_votes(listed):
    (sample,) = listed(HEADER + "a.png, ann ,4,1\n")
    assert (sample.id, sample.path, sample.emotion, sample.group) == ("a.png", "a.png", "happy", "ann")
    assert sample.votes == {"happy": 4, "sad": 1}
    assert sample.split is None


def test_the_columns_may_stand_in_any_order_and_the_split_be_given(listed):
    (sample,) = listed("sadness,split,Happy,person,file\n3,test,1,,b/a.png\n", encoding="utf-8-sig")
    assert (sample.id, sample.emotion, sample.group, sample.split) == ("b/a.png", "sadness", None, "test")


def test_pictures_without_a_majority_are_left_out_and_counted(listed, caplog):
    with caplog.at_level(logging.WARNING):
        samples = listed(HEADER + "a.png,ann,2,2\nb.png,ann,0,0\n\nc.png,bea,0,1\n")
    assert [sample.id for sample in samples] == ["c.png"]
    assert "left out 2 of 3 pictures" in caplog.text


def test_rows_are_read_one_at_a_time(tmp_path):
    (tmp_path / "votes.csv").write_text(HEADER + "a.png,ann,4,1\nb.png,ann,-1,1\n", encoding="utf-8")
    rows = load(tmp_path)
    assert next(rows).id == "a.png"
    with pytest.raises(DataError, match="line 3"):
        next(rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the columns file and person, got none"),
        ("file,happy,sad\n", "line 1: expected the columns file and person, got file, happy, sad"),
        ("file,person,happy\n", "line 1: expected a column for each of two or more emotions"),
        ("file,person,happy,joy\n", "line 1: expected one column for each emotion, got 'happy' twice"),
        ("file,person,person,happy,sad\n", "line 1: expected one column for each emotion, got 'person' twice"),
        (HEADER + "a.png,ann,1,0\nb.png,ann,1\n", "line 3: expected 4 cells, got 3"),
        (HEADER + ",ann,1,0\n", "line 2: expected a file"),
        (HEADER + "a.png,ann,-1,2\n", "line 2, column happy: expected a number of annotators, got '-1'"),
        (HEADER + "a.png,ann,1.5,2\n", "line 2, column happy: expected a number of annotators, got '1.5'"),
        (HEADER + "a.png,ann,1,\n", "line 2, column sad: expected a number of annotators, got ''"),
        (HEADER + "a.png,ann,1,0\na.png,bea,0,1\n", "line 3: expected each file once, got 'a.png' again"),
        ("file,person,split,happy,sad\na.png,ann,dev,1,0\n", "line 2, column split: expected train, validation, test"),
        (HEADER + 'a.png,"ann,1,0\n', "expected a CSV in UTF-8"),
    ],
)
def test_a_malformed_table_is_refused_with_its_line(listed, text, message):
    with pytest.raises(DataError) as refused:
        listed(text)
    assert message in str(refused.value)
    assert "votes.csv" in str(refused.value)


def test_a_missing_table_and_another_encoding_are_told(listed, tmp_path):
    with pytest.raises(DataError, match=r"--data DIR"):
        list(load(tmp_path))
    with pytest.raises(DataError, match="expected a CSV in UTF-8"):
        listed(HEADER + "ä.png,ann,1,0\n", encoding="latin-1")


def test_the_tiny_dataset_is_read_back_as_it_was_written(tmp_path):
    written = make_tiny(tmp_path / "tiny")
    samples = list(load(tmp_path / "tiny"))
    assert {sample.id: sample.emotion for sample in samples} == written
    assert len({sample.group for sample in samples}) == 8
    assert all((tmp_path / "tiny" / sample.path).is_file() for sample in samples)
    assert {sum(sample.votes.values()) for sample in samples} == {5}
