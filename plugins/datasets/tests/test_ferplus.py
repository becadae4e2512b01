"""FER+: votes, the authors' majority, the layouts of the images, and what is said of damaged files."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from emoclass_datasets import ferplus, pixel_table, register_datasets
from emoclass_datasets.ferplus import load, majority
from emoclass_datasets.tiny import draw

from emoclass import LabelScheme
from emoclass.cli import cli
from emoclass.data.index import index
from emoclass.errors import ConfigError, DataError
from emoclass.values.config import DataConfig

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
HAPPY, SAD, SPLIT, NOISE = "0,9,0,0,0,0,0,0,1,0", "3,0,0,7,0,0,0,0,0,0", "5,5,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10"
SPEC = next(spec for spec in register_datasets() if spec.name == "ferplus")


def votes(root, *rows, header=HEADER):
    (root / "fer2013new.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def pixels(root, *usages):
    rows = ["emotion,pixels,Usage", *(f"0,{pixel_table.drawn(row)},{usage}" for row, usage in enumerate(usages))]
    (root / "fer2013.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("cast", "word"),
    [
        ({"fear": 6, "surprise": 4}, "fear"),
        ({"fear": 5, "surprise": 5}, "no_majority"),
        ({"fear": 5, "surprise": 4, "anger": 1}, "fear"),  # 5 of 9, the single vote aside
        ({"fear": 4, "surprise": 3, "anger": 3}, "no_majority"),
        ({"fear": 2, **dict.fromkeys("abcdefgh", 1)}, "fear"),
        (dict.fromkeys("abcdefghij", 1), "no_majority"),
        ({}, "no_majority"),
    ],
)
def test_the_majority_is_more_than_half_of_the_votes_that_are_not_single(cast, word):
    assert majority(cast) == word


def test_rows_of_votes_and_of_pixels_belong_together_in_their_order(tmp_path):
    votes(tmp_path, f"Training,fer0000000.png,{HAPPY}", f"PublicTest,,{NOISE}", f"PrivateTest,fer0000001.png,{SAD}")
    pixels(tmp_path, "Training", "PublicTest", "PrivateTest")
    first, second, third = load(tmp_path)
    assert [(each.emotion, each.split) for each in (first, second, third)] == [
        ("happiness", "train"), ("NF", "validation"), ("sadness", "test"),
    ]  # fmt: skip
    assert (first.id, first.votes["happiness"], first.votes["unknown"]) == ("fer2013.csv:00002", 9, 1)


def test_the_run_leaves_out_what_is_no_emotion_and_counts_it(tmp_path):
    rows = [f"Training,a{n}.png,{cast}" for n, cast in enumerate((HAPPY, SAD, SPLIT, NOISE))]
    votes(tmp_path, *rows)
    pixels(tmp_path, *["Training"] * 4)
    listed = index(SPEC, DataConfig(dataset="ferplus", root=tmp_path), LabelScheme(emotions=("happy", "sad")))
    assert [sample.emotion for sample in listed.samples] == ["happy", "sad"]
    assert listed.left_out == {"no_majority": 1, "NF": 1}
    assert listed.samples[1].votes == {"sad": 7}


@pytest.mark.parametrize("place", [".", "data"])
@pytest.mark.parametrize("table", [True, False])
def test_the_authors_folders_are_read_with_either_table_of_votes(place, table, tmp_path):
    casts = {"FER2013Train": HAPPY, "FER2013Valid": SAD, "FER2013Test": SPLIT}
    for number, (folder, cast) in enumerate(casts.items()):
        name = f"fer{number:07d}.png"
        draw(tmp_path / place / folder / name)
        (tmp_path / place / folder / "label.csv").write_text(f'{name},"(0, 0, 48, 48)",{cast}\n')
    if table:
        usages = zip(casts.values(), ("Training", "PublicTest", "PrivateTest"), strict=True)
        votes(tmp_path, *(f"{usage},fer{n:07d}.png,{cast}" for n, (cast, usage) in enumerate(usages)))
    samples = load(tmp_path)
    assert [(each.emotion, each.split) for each in samples] == [
        ("happiness", "train"), ("sadness", "validation"), ("no_majority", "test"),
    ]  # fmt: skip
    assert samples[0].id == "FER2013Train/fer0000000.png"
    assert all((tmp_path / each.path).is_file() for each in samples)


def test_a_folder_that_is_not_there_is_done_without(tmp_path):
    draw(tmp_path / "FER2013Valid" / "fer0000001.png")
    votes(tmp_path, f"Training,fer0000000.png,{HAPPY}", f"PublicTest,fer0000001.png,{SAD}", f"PublicTest,,{NOISE}")
    assert [(each.emotion, each.split) for each in load(tmp_path)] == [("sadness", "test")]


def test_kaggles_folders_are_read_by_a_table_of_names(tmp_path):
    draw(tmp_path / "fer2013" / "train" / "angry" / "Training_1.jpg")
    draw(tmp_path / "fer2013" / "test" / "sad" / "PublicTest_1.jpg")
    votes(
        tmp_path,
        *(f"{usage},fer000000{n}.png,{HAPPY}" for n, usage in enumerate(("Training", "PublicTest", "PrivateTest"))),
    )
    (tmp_path / "ferplus_names.csv").write_text(
        "image_name,kaggle_path,rms\n"
        "fer0000000.png,train/angry/Training_1.jpg,1.5\n"
        "fer0000001.png,test/sad/PublicTest_1.jpg,1.5\n"
    )
    assert [(each.id, each.path, each.split) for each in load(tmp_path)] == [
        ("fer0000000.png", "fer2013/train/angry/Training_1.jpg", "train"),
        ("fer0000001.png", "fer2013/test/sad/PublicTest_1.jpg", "test"),
    ]
    assert [each.emotion for each in load(tmp_path, label="fer2013")] == ["angry", "sad"]
    assert {each.emotion for each in load(tmp_path)} == {"happiness"}


@pytest.mark.parametrize("path", ["/kaggle/train/angry/1.jpg", "../1.jpg", "train/angry/gone.jpg"])
def test_a_path_that_leads_nowhere_is_an_error(tmp_path, path):
    draw(tmp_path / "train" / "angry" / "Training_1.jpg")
    votes(tmp_path, f"Training,a.png,{HAPPY}", f"Training,b.png,{HAPPY}")
    rows = f"image_name,kaggle_path\na.png,train/angry/Training_1.jpg\nb.png,{path}\n"
    (tmp_path / "ferplus_names.csv").write_text(rows)
    with pytest.raises(DataError, match=r"the name of an image in .*line 3\)|1 that are not there, train/angry/gone"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("usage", "named", "told"),
    [
        (
            "PrivateTest",
            "a.png,{}",
            r"the Usage Training, as of its picture Training_1.jpg, got PrivateTest .*line 2\)",
        ),
        ("Training", "a.png,{}\nc.png,{}", r"votes on all images that .* names, got none on 'c\.png' \(.*new\.csv\)"),
        ("Training", "a.png,{}\na.png,train/angry/2.jpg", r"one path for 'a\.png', got a second one .*line 3\)"),
    ],
)
def test_votes_and_kaggles_names_must_fit(tmp_path, usage, named, told):
    draw(tmp_path / "train" / "angry" / "Training_1.jpg")
    votes(tmp_path, f"{usage},a.png,{HAPPY}")
    rows = named.replace("{}", "train/angry/Training_1.jpg")
    (tmp_path / "ferplus_names.csv").write_text(f"image_name,kaggle_path\n{rows}\n")
    with pytest.raises(DataError, match=told):
        load(tmp_path)


def test_images_that_are_missing_in_the_authors_folders_are_an_error(tmp_path):
    draw(tmp_path / "FER2013Train" / "a.png")
    votes(tmp_path, f"Training,a.png,{HAPPY}", f"Training,b.png,{HAPPY}", f"PublicTest,c.png,{HAPPY}")
    with pytest.raises(
        DataError, match=r"all files that fer2013new\.csv names, got 1 that are not there, FER2013Train/b"
    ):
        load(tmp_path)


def test_fer2013s_own_labels_stand_beside_the_votes_where_the_images_say_them(tmp_path):
    votes(tmp_path, f"Training,fer0000000.png,{HAPPY}", f"PrivateTest,fer0000001.png,{SPLIT}")
    pixels(tmp_path, "Training", "PrivateTest")
    listed = load(tmp_path, label="fer2013")
    assert [(each.emotion, each.votes["happiness"]) for each in listed] == [("angry", 9), ("angry", 5)]
    (tmp_path / "fer2013.csv").unlink()
    draw(tmp_path / "FER2013Train" / "fer0000000.png")
    with pytest.raises(ConfigError, match="label: expected images that say FER2013's labels, got FER2013"):
        load(tmp_path, label="fer2013")
    with pytest.raises(ConfigError, match="expected 'majority' or 'fer2013', got 'mine'"):
        load(tmp_path, label="mine")


def test_an_image_that_the_table_names_twice_is_listed_once(tmp_path):
    for name in ("a.png", "b.png"):
        draw(tmp_path / "FER2013Train" / name)
    named = (("a.png", HAPPY), ("b.png", HAPPY), ("a.png", HAPPY), ("b.png", NOISE))
    votes(tmp_path, *(f"Training,{name},{cast}" for name, cast in named))
    assert {each.path[-5:]: each.emotion for each in load(tmp_path)} == {"a.png": "happiness", "b.png": "conflicting"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([f"Training,b.png,{SAD},1"], r"expected 12 columns, got 13 \(.*fer2013new\.csv, line 3\)"),
        (["Training,b.png,0,1"], r"expected 12 columns, got 4 \(.*, line 3\)"),
        ([f"Test,b.png,{SAD}"], r"a Usage among Training, PublicTest, PrivateTest, got 'Test' \(.*, line 3\)"),
        (["Training,b.png,x,9,0,0,0,0,0,0,1,0"], r"votes of 0 or more, got x, 9, .* \(.*, line 3\)"),
        ([f"Training,b.png,{'9' * 5000},9,0,0,0,0,0,0,1,0"], r"votes of 0 or more, got 9999"),
        (["Training,b.png,-1,9,0,0,0,0,0,0,1,0"], r"votes of 0 or more, got -1, 9"),
        (
            [f"PublicTest,b.png,{SAD}"],
            r"Training as in line 3 of .*fer2013\.csv, got PublicTest \(.*, line 3\)",
        ),
        ([], r"expected as many rows as in .*fer2013\.csv, got fewer \(.*fer2013new\.csv\)"),
        ([f"Training,b.png,{SAD}"] * 2, r"expected as many rows as in .*new\.csv, got fewer \(.*fer2013\.csv\)"),
    ],
)
def test_a_malformed_row_of_votes_is_named_by_its_line(rows, told, tmp_path):
    votes(tmp_path, f"Training,a.png,{HAPPY}", *rows)
    pixels(tmp_path, "Training", "Training")
    with pytest.raises(DataError, match=told):
        load(tmp_path)


def test_wrong_columns_are_refused(tmp_path):
    votes(tmp_path, f"Training,a.png,{HAPPY}", header=HEADER.replace("NF", "none"))
    pixels(tmp_path, "Training")
    with pytest.raises(DataError, match=r"expected the columns Usage, Image name, .*NF, got .*none \(.*, line 1\)"):
        load(tmp_path)


def test_a_malformed_label_file_is_named_by_its_line(tmp_path):
    draw(tmp_path / "FER2013Train" / "a.png")
    (tmp_path / "FER2013Train" / "label.csv").write_text(
        f'a.png,"(0, 0, 48, 48)",{HAPPY}\nb.png,(0, 0, 48, 48),{SAD}\n'
    )
    with pytest.raises(DataError, match=r"a name, a box and 10 votes, got 15 columns \(.*label\.csv, line 2\)"):
        load(tmp_path)


def test_votes_without_images_say_what_is_missing(tmp_path):
    votes(tmp_path, f"Training,a.png,{HAPPY}")
    (tmp_path / "FER2013Train").mkdir()  # as in a clone of the authors' repository, before the images are written
    with pytest.raises(DataError, match=r"expected the images of FER2013 in .*, got votes alone") as caught:
        load(tmp_path)
    assert "Nothing is downloaded" in caught.value.hint
    assert ferplus.RELEASE.url in caught.value.hint


def test_the_options_are_shown_with_the_dataset():
    shown = CliRunner().invoke(cli, ["datasets", "show", "ferplus"])
    assert (shown.exit_code, "test = 'auto', label = 'majority'" in shown.stdout) == (0, True)
    document = json.loads(CliRunner().invoke(cli, ["datasets", "show", "ferplus", "--json"]).stdout)
    assert document["options"] == {"test": "auto", "label": "majority"}


def test_class_folders_have_the_majoritys_words_and_names_with_numbers_tell_the_split(tmp_path):
    words = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "suprise")
    named = {"fer0000007.png": "train", "fer0028638.png": "validation", "fer0035801.png": "test"}
    for word in words:
        for name in named:
            draw(tmp_path / "archive" / "train" / word / name)  # whatever the folder says
    samples = load(tmp_path)
    assert {s.path: (s.emotion, s.split, s.votes) for s in samples} == {
        file.relative_to(tmp_path).as_posix(): (file.parent.name.replace("suprise", "surprise"), named[file.name], None)
        for file in tmp_path.rglob("*.png")
    }
    with pytest.raises(ConfigError, match="label: expected images that say FER2013's labels, got class folders"):
        load(tmp_path, label="fer2013")


def test_class_folders_whose_names_tell_nothing_have_the_split_of_their_folders(tmp_path):
    for folder, word in (("train", "angry"), ("train", "Happy"), ("validation", "Happy"), ("test", "angry")):
        draw(tmp_path / folder / word / f"{folder}{word}.png")
    assert [(each.emotion, each.split) for each in load(tmp_path)] == [
        ("anger", "test"), ("happiness", "train"), ("anger", "train"), ("happiness", "validation"),
    ]  # fmt: skip


def test_numbers_in_names_tell_the_usage_as_the_authors_table_does():
    table = Path(__file__).parents[4] / "shared/data/ferplus/fer2013new.csv"
    if not table.exists():
        pytest.skip("needs ../shared/data")
    with table.open(newline="") as file:
        told = {row["Image name"]: row["Usage"] for row in csv.DictReader(file) if row["Image name"]}
    assert len(told) > 35_000
    assert {name: ferplus._usage(name) for name in told} == told


def test_where_both_tables_are_there_the_published_one_counts_and_the_difference_is_told(tmp_path, caplog):
    names = [f"fer000000{n}.png" for n in range(3)]
    for name in names:
        draw(tmp_path / "FER2013Train" / name)
    other = [HAPPY, SAD, "1,8,0,0,0,0,0,0,1,0"]
    rows = (f'{name},"(0, 0, 48, 48)",{cast}\n' for name, cast in zip(names, other, strict=True))
    (tmp_path / "FER2013Train" / "label.csv").write_text("".join(rows))
    votes(tmp_path, *(f"Training,{name},{HAPPY}" for name in names))
    assert [sample.emotion for sample in load(tmp_path)] == ["happiness"] * 3
    [record] = caplog.records
    assert record.getMessage() == (
        "FER+: fer2013new.csv counts, as it is the table that the authors publish the votes in. The label.csv files "
        "differ on 2 images, 1 of them in the majority."
    )


def test_images_that_a_label_file_names_and_that_are_missing_are_an_error(tmp_path):
    draw(tmp_path / "FER2013Train" / "a.png")
    rows = "".join(f'{name}.png,"(0, 0, 48, 48)",{HAPPY}\n' for name in "abc")
    (tmp_path / "FER2013Train" / "label.csv").write_text(rows)
    with pytest.raises(DataError, match=r"all files that label\.csv names, got 2 that are not there, FER2013Train/b"):
        load(tmp_path)
