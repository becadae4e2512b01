"""The dataset `table`: formats, columns, cells, and what is said of those that are wrong."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from emoclass import LabelScheme
from emoclass.data.index import index, note_of_outside
from emoclass.data.table import SPLITS, load, make_tiny
from emoclass.errors import ConfigError, DataError, MissingPackageError
from emoclass.plugin.registry import Registry
from emoclass.values.config import DataConfig

SPEC = Registry.discover().datasets.get("table")
HAPPYSAD = LabelScheme(emotions="happysad")


@pytest.fixture
def root(tmp_path):
    """Return a folder with four images."""
    for name in ("a.png", "b.png", "c.png", "d.png"):
        Image.new("RGB", (40, 30), (ord(name[0]), 0, 0)).save(tmp_path / name)
    return tmp_path


def written(root, text, name="labels.csv", **options):
    """Write a table, and return its samples."""
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(load(root / name, **options))


def facts(samples):
    return [(each.path, each.emotion, each.split, each.group) for each in samples]


EXPECTED = [
    ("a.png", "happy", "train", "p1"), ("b.png", "sad", "validation", "p1"), ("c.png", "happy", "test", None),
]  # fmt: skip
CELLS = [("a.png", "happy", "train", "p1"), ("b.png", "sad", "val", "p1"), ("c.png", "happy", "TEST", "")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_line_ends_and_marks_of_encodings_are_told_by_the_file(root, separator, end, encoding):
    lines = [separator.join(cells) for cells in [("File Name", "Emotion", "Usage", "subject"), *CELLS]]
    assert facts(written(root, (end.join(lines) + end).encode(encoding))) == EXPECTED


def test_excels_line_with_the_separator_is_no_header(root):
    samples = written(root, "sep=;\npath;label\na.png;happy\n")
    assert [each.emotion for each in samples] == ["happy"]
    with pytest.raises(DataError, match=r"labels\.csv, row 4, column 'label'"):
        written(root, "sep=;\npath;label\na.png;happy\nb.png;\n")


def test_quoted_cells_may_hold_separators_quotes_and_line_ends(root):
    for name in ("x, y.png", 'the "best".png'):
        (root / "a.png").rename(root / "t.png")
        (root / "t.png").rename(root / name)
        Image.new("RGB", (4, 4)).save(root / "a.png")
    text = 'path,label,comment\n"x, y.png",happy,"two\nlines"\n"the ""best"".png",sad,\n'
    assert [each.path for each in written(root, text)] == ["x, y.png", 'the "best".png']
    with pytest.raises(DataError, match=r"expected a label, got ' ' \(labels\.csv, row 3, column 'label'\)"):
        written(root, 'path,label,comment\n"x, y.png",happy,"two\nlines"\na.png, ,\n')


def test_json_lines_have_the_same_rows_as_csv(root):
    names = ("path", "label", "split", "person")
    lines = [json.dumps(dict(zip(names, cells, strict=True))) for cells in CELLS]
    assert facts(written(root, "\n".join([lines[0], "", *lines[1:]]), "labels.jsonl")) == EXPECTED
    numbers = '{"path": "a.png", "label": 0}\n{"label": 1.0, "path": "b.png", "more": [1]}\n'
    assert [each.emotion for each in written(root, numbers, "numbers.ndjson")] == ["0", "1"]


def test_parquet_has_the_same_rows_as_csv(root):
    pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")
    from pyarrow import parquet

    names = ("path", "label", "split", "person")
    columns = dict(zip(names, zip(*CELLS, strict=True), strict=True))
    parquet.write_table(pyarrow.table({name: list(cells) for name, cells in columns.items()}), root / "labels.parquet")
    assert facts(load(root / "labels.parquet")) == EXPECTED
    parquet.write_table(pyarrow.table({"path": ["a.png", "b.png"], "label": [0.0, None]}), root / "gap.parquet")
    with pytest.raises(DataError, match=r"expected a label, got '' \(gap\.parquet, row 2, column 'label'\)"):
        load(root / "gap.parquet")
    parquet.write_table(pyarrow.table({"image": [{"bytes": b"x"}], "label": [0]}), root / "nested.parquet")
    with pytest.raises(DataError, match=r"expected text or a number, got .* row 1, column 'image'\)"):
        load(root / "nested.parquet")
    (root / "no.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        load(root / "no.parquet")


def test_without_pyarrow_the_error_says_what_to_install(root, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (root / "labels.parquet").write_bytes(b"")
    with pytest.raises(MissingPackageError, match=r"need pyarrow, which is not installed.*emoclass\[parquet\]"):
        load(root / "labels.parquet")


@pytest.mark.parametrize(
    ("path", "label"),
    [("image", "emotion"), ("FILE", "Label"), ("img-path", "class"), ("filename", "expression"), ("pth", "label")],
)
def test_columns_are_found_by_the_usual_words(root, path, label):
    assert facts(written(root, f"id,{label},{path}\n1,sad,a.png\n")) == [("a.png", "sad", None, None)]


def test_columns_are_named_by_options(root):
    text = "where,mood,part,who,image\na.png,happy,train,x,1\nb.png,sad,test,y,2\n"
    options = {"path": "where", "label": "mood", "split": "part", "group": "who"}
    assert facts(written(root, text, **options)) == [("a.png", "happy", "train", "x"), ("b.png", "sad", "test", "y")]
    plain = written(root, text, path="where", label="mood", split="none", group="none")
    assert facts(plain) == [("a.png", "happy", None, None), ("b.png", "sad", None, None)]


@pytest.mark.parametrize(
    ("header", "options", "error", "message"),
    [
        ("a,b", {}, DataError, "expected a column with the images' paths, got 'a', 'b'"),
        ("path,b", {}, DataError, "expected a column with the labels, got 'path', 'b'"),
        ("path,image,label", {}, DataError, "expected one column with the path, got 'path' and 'image'"),
        ("path,label,emotion", {}, DataError, "expected one column with the label, got 'label' and 'emotion'"),
        (
            "path,label",
            {"label": "emotoin"},
            ConfigError,
            "data.options.label: expected a column of labels.csv, got 'em",
        ),
        ("path,label", {"group": "person"}, ConfigError, "the name of a column or a regular expression, got 'person'"),
        ("path,label", {"group": "(S"}, ConfigError, r"'\(S' is no regular expression"),
        ("path,label,x,y", {"box": "x,y"}, ConfigError, "data.options.box: expected four columns, got 2"),
        (
            "path,label,label",
            {"label": "label"},
            ConfigError,
            "got 'label', which is there more than once. Rename all but one of them in the table. The columns are",
        ),
        ("path,label,label", {}, DataError, "got 'label' and 'label'. Rename all but one of them in the table"),
        ("path,label,label,my emotion,emotion", {}, DataError, "Name it: --data-option label=emotion"),
        ("path;label", {"separator": ","}, DataError, "separated otherwise: --data-option 'separator=;'"),
        ("my picture,b", {}, DataError, "as in --data-option 'path=my picture'"),
        ("\0" * 500, {}, DataError, r"got '(\\x00){60}'\. Name it, as in --data-option path=NAME\."),
        ("emotion,pixels,Usage", {}, DataError, "got the pixels themselves"),
        ("path,label", {"separator": 3}, ConfigError, "data.options.separator: expected text, got 3"),
        ("path,label", {"separator": ", "}, DataError, "expected a separator of one character"),
        ("path,label", {"encoding": "utf-99"}, DataError, "unknown encoding: utf-99"),
    ],
)
def test_columns_that_are_not_there_or_several_are_errors(root, header, options, error, message):
    with pytest.raises(error, match=message):
        written(root, header + "\n", **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header with the names of the columns, got an empty file"),
        ("path,label\n", "expected rows below the header, got none"),
        ("path,label\na.png\n", r"expected 2 cells, as in the header, got 1 \(labels\.csv, row 2\)"),
        ("path,label\na.png,sad,more\n", r"expected 2 cells, as in the header, got 3 \(labels\.csv, row 2\)"),
        ("path,label\n\na.png,\n", r"expected a label, got '' \(labels\.csv, row 3, column 'label'\)"),
        ("path,label\n ,sad\n", r"expected the path of an image, got '' \(labels\.csv, row 2, column 'path'\)"),
        ("path,label\nhttps://x/y.png,sad\n", "expected the path of a file, got an address, .*nothing is downloaded"),
        ("path,label,split\na.png,sad,dunno\n", r"a split among train, .*, got 'dunno' \(.*, row 2, column 'split'\)"),
        ("path,label,split\na.png,sad,train\nb.png,sad,\n", r"got '' \(labels\.csv, row 3, column 'split'\)"),
        ("path,happy,sad\na.png,1,-1\n", r"a number from 0 on, got '-1' \(labels\.csv, row 2, column 'sad'\)"),
        ("path,happy,sad\na.png,1,x\n", r"a number from 0 on, got 'x' \(labels\.csv, row 2, column 'sad'\)"),
        ("path,label,x,y,w,h\na.png,sad,1,2,three,4\n", r"a number, got 'three' \(labels\.csv, row 2, column 'w'\)"),
        ("path,label,x,y,w,h\na.png,sad,1,2,0,4\n", r"more than 0, got '0' \(labels\.csv, row 2, column 'w'\)"),
        ("path,label,x,y,w,h\na.png,sad,1,2,,4\n", r"a number, got '' \(labels\.csv, row 2, column 'w'\)"),
        ("path,label,x1,y1,x2,y2\na.png,sad,5,2,3,9\n", r"more than 5, got '3' \(labels\.csv, row 2, column 'x2'\)"),
        (
            b"path,label\na.png,sad\nb.png,\xff\xfe\n",
            r"expected text in utf-8, got other bytes \(labels\.csv, line 3\)",
        ),
        ('path,label\n"a.png,' + "x" * 140_000, r"got field larger .*row 2\)\. Is a quote there that nothing"),
    ],
)
def test_a_wrong_cell_is_named_by_file_row_and_column(root, text, message):
    with pytest.raises(DataError, match=message):
        written(root, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]\n", r"a JSON object on each line, got '\[1\]' \(x\.jsonl, row 1\)"),
        ('{"path": "a.png", "label": "sad"}\n{"path":\n', r"a JSON object on each line, got .* \(x\.jsonl, row 2\)"),
        ('{"path": "a.png", "label": ["sad"]}\n', r"text or a number, got .* \(x\.jsonl, row 1, column 'label'\)"),
        ("", "a JSON object on each line, got an empty file"),
    ],
)
def test_lines_that_are_no_json_objects_are_named(root, text, message):
    with pytest.raises(DataError, match=message):
        written(root, text, "x.jsonl")


def test_another_encoding_is_an_option(root):
    (root / "a.png").rename(root / "Müller.png")
    text = "path,label\nMüller.png,sad\n".encode("cp1252")
    assert written(root, text, encoding="cp1252")[0].path == "Müller.png"


def test_numbers_are_labels_that_a_map_translates(root):
    text = "path,label\na.png,0\nb.png,1.0\nc.png,0\nd.png,2\n"
    written(root, text)
    config = DataConfig(dataset="table", root=root / "labels.csv", map={"0": "happy", "1": "sad", "2": "ignore"})
    listed = index(SPEC, config, HAPPYSAD)
    assert [each.emotion for each in listed.samples] == ["happy", "sad", "happy"]
    assert listed.left_out == {"2": 1}
    with pytest.raises(DataError, match=r"unknown emotion: '0'.*--map 0="):
        index(SPEC, DataConfig(dataset="table", root=root / "labels.csv"), HAPPYSAD)


def test_columns_named_after_emotions_are_votes_where_there_is_no_label(root):
    text = "path,Happiness,sad,unknown\na.png,3,1,9\nb.png,2,2,0\nc.png,0,0.5,0\n"
    samples = written(root, text)
    assert [each.emotion for each in samples] == ["Happiness", "no_majority", "sad"]
    assert samples[0].votes == {"Happiness": 3, "sad": 1}
    config = DataConfig(dataset="table", root=root / "labels.csv")
    listed = index(SPEC, config, HAPPYSAD)
    assert [each.votes for each in listed.samples] == [{"happy": 3, "sad": 1}, {"sad": 0.5}]
    assert listed.left_out == {"no_majority": 1}


def test_votes_beside_a_label_are_read_where_they_are_named(root):
    text = "path,label,happy,sad\na.png,sad,3,1\n"
    assert written(root, text)[0].votes is None
    [sample] = written(root, text, votes="happy,sad")
    assert (sample.emotion, sample.votes) == ("sad", {"happy": 3, "sad": 1})
    assert written(root, text, votes=["sad"])[0].votes == {"sad": 1}


def test_an_image_that_is_listed_twice_counts_once_and_with_two_labels_is_conflicting(root, caplog):
    samples = written(root, "path,label\na.png,sad\nb.png,sad\n./a.png,sad\nb.png,happy\n")
    assert [(each.path, each.emotion) for each in samples] == [("a.png", "sad"), ("b.png", "conflicting")]
    assert caplog.messages == [
        "labels.csv: 2 rows repeat an image of another row and count once; 1 image has two labels and is conflicting."
    ]
    caplog.clear()
    written(root, "path,label\na.png,sad\na.png,happy\n")
    assert caplog.messages == [
        "labels.csv: 1 row repeats an image of another row and counts once; 1 image has two labels and is conflicting."
    ]
    with pytest.raises(
        DataError, match=r"'train', as in the other row of a\.png, got 'test' \(.*row 3, column 'split'"
    ):
        written(root, "path,label,split\na.png,sad,train\na.png,sad,test\n")


def test_paths_are_absolute_or_beside_the_table_and_those_outside_are_told(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    Image.new("RGB", (4, 4)).save(other / "far.png")
    text = f"path,label\na.png,happy\n{root}/b.png,sad\n{other}/far.png,happy\n../{other.name}/far.png,sad\n"
    samples = written(root, text)
    assert [each.path for each in samples] == ["a.png", f"{root}/b.png", f"{other}/far.png", f"../{other.name}/far.png"]
    listed = index(SPEC, DataConfig(dataset="table", root=root / "labels.csv"), HAPPYSAD)
    assert len(listed.samples) == 4
    assert note_of_outside(SPEC, root / "labels.csv", samples) == (
        f"2 of the 4 images lie outside the folder of the table, for example {other}/far.png."
    )
    assert note_of_outside(SPEC, root / "labels.csv", samples[:2]) is None


def test_paths_may_be_relative_to_another_folder_and_written_with_backslashes(root):
    (root / "faces/x").mkdir(parents=True)
    (root / "a.png").rename(root / "faces/x/a.png")
    assert written(root, "path,label\nx\\a.png,sad\n", images="faces/")[0].path == "faces/x/a.png"
    with pytest.raises(DataError, match=r"none of the first 1, such as .*/x/a\.png.*--data-option images=DIR"):
        written(root, "path,label\nx/a.png,sad\n")


def test_the_group_is_found_in_the_path_by_a_regular_expression(root, caplog):
    for name in ("S010_1.png", "S010_2.png", "S011_1.png"):
        Image.new("RGB", (4, 4)).save(root / name)
    text = "path,label\nS010_1.png,sad\nS010_2.png,happy\nS011_1.png,sad\n"
    assert [each.group for each in written(root, text, group=r"(S\d+)_")] == ["S010", "S010", "S011"]
    assert [each.group for each in written(root, text, group=r"S\d+")] == ["S010", "S010", "S011"]
    assert caplog.messages == []
    assert [each.group for each in written(root, text + "a.png,sad\n", group=r"(S\d+)_")][-1] is None
    assert caplog.messages == [r"The group '(S\\d+)_' matches 3 of 4 paths; others, such as 'a.png', have none."]
    with pytest.raises(DataError, match=r"matches none of the 3 paths, such as 'S010_1\.png'"):
        written(root, text, group=r"(T\d+)_")


def test_a_box_is_the_image_of_a_row_and_the_faces_of_one_image_are_a_group(root):
    text = "path,label,left,top,right,bottom\na.png,happy,1,2,11,12\na.png,sad,20,2,30,14.5\nb.png,sad,,NULL,nan,\n"
    first, second, third = written(root, text)
    assert (first.id, first.box, first.group) == ("a.png#xywh=1,2,10,10", (1, 2, 10, 10), "a.png")
    assert (second.id, second.box, second.group) == ("a.png#xywh=20,2,10,12.5", (20, 2, 10, 12.5), "a.png")
    assert (third.id, third.box, third.group) == ("b.png", None, None)
    sized = written(root, "path,label,a,b,face_w,face_h\na.png,happy,1,2,11,12\n", box="a,b,face_w,face_h")
    assert sized[0].box == (1, 2, 11, 12)
    assert written(root, "path,label,a,b,c,d\na.png,happy,1,2,11,12\n", box="a,b,c,d")[0].box == (1, 2, 10, 10)
    whole = written(root, text.replace("a.png,sad", "c.png,sad"), box="none")
    assert [each.box for each in whole] == [None] * 3


def test_a_folder_with_one_table_serves_too(root):
    written(root, "path,label\na.png,sad\n")
    assert [each.path for each in load(root)] == ["a.png"]
    (root / "more.csv").write_text("")
    with pytest.raises(DataError, match=r"expected a folder with one table, got labels\.csv, more\.csv"):
        load(root)
    with pytest.raises(DataError, match=r"gone\.csv: no such file"):
        load(root / "gone.csv")
    with pytest.raises(DataError, match=r"expected a name that ends in \.csv, .*, got '\.png'"):
        load(root / "a.png")


def test_the_tiny_edition_agrees_with_an_independent_reading(tmp_path):
    make_tiny(tmp_path)
    with (tmp_path / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert facts(load(tmp_path)) == [
        (row["file"], row["emotion"], SPLITS[row["split"]], row["person"]) for row in rows
    ]  # fmt: skip
    assert all((tmp_path / row["file"]).is_file() for row in rows)


def test_the_table_of_boxes_of_the_shared_photographs_agrees_with_an_independent_reading(tmp_path):
    shared = Path(__file__).parents[4] / "shared/data"
    if not (shared / "happysad-faces.csv").exists():
        pytest.skip("needs ../shared/data")
    with (shared / "happysad-faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "faces.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "left", "top", "right", "bottom"])
        for row in rows:
            place = [row[side] for side in ("left", "top", "right", "bottom")]
            writer.writerow([shared / "happysad" / row["file"], row["file"].split("/")[0], *place])
    found = {(each.path, each.box): each.emotion for each in load(tmp_path / "faces.csv")}
    expected = {}
    for row in rows:
        left, top, right, bottom = (float(row[side]) for side in ("left", "top", "right", "bottom"))
        box = (left, top, right - left, bottom - top)
        expected[str(shared / "happysad" / row["file"]), box] = row["file"].split("/")[0]
    assert found == expected


def test_a_listing_takes_little_memory_for_each_row(root):
    import tracemalloc

    lines = [f"a.png,happy,p{row % 7},{row}" for row in range(20_000)]
    text = "path,label,person,top\n" + "\n".join(
        line.replace("a.png", f"img/{n:06d}.png") for n, line in enumerate(lines)
    )
    (root / "img").mkdir()
    (root / "img/000000.png").touch()
    (root / "labels.csv").write_text(text)
    tracemalloc.start()
    samples = load(root / "labels.csv")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(samples) == 20_000
    assert peak < 20_000 * 700
