"""FER2013 in its three layouts, the splits, and what is said of damaged files."""

import io
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from emoclass_datasets import fer2013
from emoclass_datasets.fer2013 import load, make_tiny, read_sample
from emoclass_datasets.tiny import draw
from PIL import Image

from emoclass import Sample
from emoclass.errors import ConfigError, DataError, UnreadableImageError

WORDS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
BLACK = " ".join(["0"] * 2304)


def table(root, *rows, header="emotion,pixels,Usage", name="fer2013.csv", end="\n"):
    root.mkdir(exist_ok=True)
    (root / name).write_bytes((end.join([header, *rows]) + end).encode())
    return root


def kaggle(root, *usages):
    for number, word in enumerate(WORDS):
        for usage in usages:
            folder = root / ("train" if usage == "Training" else "test") / word
            draw(folder / f"{usage}_{number}.jpg", size=(48, 48))
    return root


def words_and_splits(samples):
    return [(sample.emotion, sample.split) for sample in samples]


def test_the_table_names_columns_in_any_order_with_blanks_and_quotes(tmp_path):
    own = table(tmp_path / "a", f"3,{BLACK},Training", f"6,{BLACK},PublicTest")
    other = table(
        tmp_path / "b",
        f"3,Training,{BLACK}",
        f'6,PublicTest,"{BLACK}"',
        header="emotion, Usage, pixels",
        name="icml_face_data.csv",
        end="\r\n",
    )
    marked = table(
        tmp_path / "c",
        f'"3","{BLACK}","Training"',
        f"6,{BLACK} ,PublicTest",
        "",
        header="\ufeff" + "emotion,pixels,Usage",
    )
    for root in (own, other, marked):
        samples = list(load(root))
        assert words_and_splits(samples) == [("happy", "train"), ("neutral", "test")]
        assert [sample.id.partition(":")[2] for sample in samples] == ["00002", "00003"]
        for sample in samples:
            assert np.asarray(Image.open(io.BytesIO(read_sample(root, sample)))).max() == 0


def test_a_row_is_read_pixel_for_pixel_by_many_threads(tmp_path):
    make_tiny(tmp_path)
    lines = (tmp_path / "fer2013.csv").read_text().splitlines()
    samples = list(load(tmp_path)) * 20

    def differs(sample):
        image = Image.open(io.BytesIO(read_sample(tmp_path, sample)))
        line = lines[int(sample.id.rpartition(":")[2]) - 1]
        wanted = np.array(line.split(",")[1].split(), dtype=int).reshape(48, 48)
        return image.mode != "L" or not np.array_equal(np.asarray(image), wanted)

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(differs, samples))


def test_a_table_that_changes_is_looked_through_again(tmp_path):
    table(tmp_path, f"3,{BLACK},Training")
    (sample,) = load(tmp_path)
    read_sample(tmp_path, sample)
    table(tmp_path, f"3,{BLACK.replace('0', '255')},Training", header="emotion , pixels , Usage")
    assert np.asarray(Image.open(io.BytesIO(read_sample(tmp_path, sample)))).min() == 255
    with pytest.raises(UnreadableImageError, match="no such row"):
        read_sample(tmp_path, replace(sample, id="fer2013.csv:00009"))


def test_kaggles_folders_are_read_by_name_and_one_name_in_two_classes_is_two_images(tmp_path):
    kaggle(tmp_path / "fer2013", "Training", "PublicTest", "PrivateTest")
    draw(tmp_path / "fer2013" / "train" / "sad" / "Training_0.jpg", size=(48, 48))
    (tmp_path / "fer2013" / "train" / "sad" / "Thumbs.db").write_bytes(b"")
    inside, above = list(load(tmp_path / "fer2013")), list(load(tmp_path))
    assert {sample.id for sample in inside} == {sample.id for sample in above}
    paths = {sample.id: sample.path for sample in above}
    assert paths["train/angry/Training_0.jpg"] == "fer2013/train/angry/Training_0.jpg"
    assert {"train/angry/Training_0.jpg", "train/sad/Training_0.jpg"} <= {sample.id for sample in inside}
    assert Counter(sample.split for sample in inside) == {"train": 8, "validation": 7, "test": 7}
    assert {sample.emotion for sample in inside} == set(WORDS)
    assert read_sample(tmp_path, above[0]) == (tmp_path / above[0].path).read_bytes()


@pytest.mark.parametrize("layout", ["table", "folders"])
def test_public_test_validates_where_private_test_is_there_and_tests_where_it_is_not(layout, tmp_path):
    def splits(usages, **options):
        root = tmp_path / f"{len(usages)}-{len(options)}"
        if layout == "table":
            table(root, *(f"0,{BLACK},{usage}" for usage in usages))
        else:
            kaggle(root, *usages)
        return {sample.split for sample in load(root, **options)}

    three = ("Training", "PublicTest", "PrivateTest")
    assert splits(three) == {"train", "validation", "test"}
    assert splits(three, test="private") == {"train", "validation", "test"}
    assert splits(three[:2]) == {"train", "test"}
    assert splits(three[:1]) == {"train"}
    with pytest.raises(DataError, match=r"expected images of PrivateTest, got only PublicTest, Training"):
        splits(three[:2], test="private")
    with pytest.raises(ConfigError, match="expected 'auto', 'public' or 'private', got 'Public'"):
        splits(three, test="Public")


def test_testing_on_public_test_leaves_private_test_out(tmp_path):
    table(tmp_path, *(f"{code},{BLACK},{usage}" for code, usage in enumerate(fer2013.USAGES)))
    assert words_and_splits(load(tmp_path, test="public")) == [("angry", "train"), ("disgust", "test")]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([f"7,{BLACK},Training"], r"an emotion among 0, 1, 2, 3, 4, 5, 6, got '7' \(.*fer2013\.csv, line 3\)"),
        ([f"3,{BLACK},Test"], r"a Usage among Training, PublicTest, PrivateTest, got 'Test' \(.*, line 3\)"),
        ([f"3,{BLACK} 0,Training"], r"expected 2304 pixel values, got 2305 \(.*, line 3\)"),
        (["3,0 0 0,Training"], r"expected 2304 pixel values, got 3 \(.*, line 3\)"),
        ([f"3,{BLACK}"], r"expected 3 columns, got 2 \(.*, line 3\)"),
        ([f"3,{BLACK},Training,"], r"expected 3 columns, got 4 \(.*, line 3\)"),
        (['"3"\r,"1",Training'], r"expected 3 columns, got 1 \(.*, line 3\)"),
        ([f'3,"{"1 " * 70_000}",Training'], r"expected 3 columns, got 1 \(.*, line 3\)"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(rows, told, tmp_path):
    with pytest.raises(DataError, match=told):
        list(load(table(tmp_path, f"0,{BLACK},Training", *rows)))


def test_a_table_that_is_cut_off_is_said_to_end_there(tmp_path):
    table(tmp_path, f"0,{BLACK},Training", f"0,{BLACK[:300]}", end="\n")
    file = tmp_path / "fer2013.csv"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"expected 3 columns, got 2, where the file ends \(.*, line 3\)"):
        list(load(tmp_path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a table, got an empty file"),
        ("emotion,pixels,Usage\n", "expected rows below the header, got none"),
        ("emotion,pixels\n", r"expected the columns emotion, pixels, Usage, got 'emotion', 'pixels' \(.*, line 1\)"),
        ('"emotion",pixels,Usage\r"3",1,Training\r', "expected the columns emotion, pixels, Usage, got"),
        ("0,1 2 3,Training\n", "expected the columns emotion, pixels, Usage, got '0', '1 2 3', 'training'"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(text, told, tmp_path):
    (tmp_path / "fer2013.csv").write_text(text)
    with pytest.raises(DataError, match=told):
        list(load(tmp_path))


@pytest.mark.parametrize("value", ["256", "-1", "1.5", "x", "+5", "1_0", "\u0663"])
def test_a_pixel_that_is_no_integer_from_0_to_255_makes_that_image_unreadable(value, tmp_path):
    table(tmp_path, f"0,{BLACK},Training", f"0,{BLACK[:-1]}{value},Training")
    good, bad = load(tmp_path)
    assert read_sample(tmp_path, good)
    with pytest.raises(
        UnreadableImageError, match=r"expected integers from 0 to 255, got '.*' \(fer2013\.csv, line 3\)"
    ):
        read_sample(tmp_path, bad)


def test_what_is_gone_since_it_was_listed_is_unreadable(tmp_path):
    for path in ("gone.csv", "gone.jpg"):
        with pytest.raises(UnreadableImageError, match="cannot be opened"):
            read_sample(tmp_path, Sample(id=f"{path}:00002", path=path, emotion="sad"))


def copy(root, *places, name="im{}.png", words=WORDS):
    """Write a copy in class folders, one image of each class in each place; return path -> class and split folder."""
    for place in places:
        for number, word in enumerate(words):
            draw(root / place / word / name.format(number), size=(48, 48))
    return {
        file.relative_to(root).as_posix(): (WORDS[words.index(file.parent.name)], file.parent.parent.name)
        for file in root.rglob("*.*")
    }


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (("train", "test"), WORDS),
        (("images/train", "images/validation"), WORDS),
        (("fer/train", "fer/validation", "fer/test"), WORDS),
        (("fer/train", "fer/val", "fer/test"), WORDS),
        (("Train", "Test"), tuple(word.capitalize() for word in WORDS)),
        (("train", "test"), tuple("0123456")),
        (("train", "test"), ("anger", "disgusted", "fearful", "HAPPINESS", "sadness", "suprise", "Neutral")),
    ],
)
def test_copies_whose_names_tell_no_split_have_that_of_their_folders(places, words, tmp_path, caplog):
    expected = copy(tmp_path, *places, words=words)
    split = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
    samples = list(load(tmp_path))
    assert {s.path: (s.emotion, s.split) for s in samples} == {
        path: (word, split[folder.lower()]) for path, (word, folder) in expected.items()
    }
    [said] = caplog.messages
    assert "train/ has 7 images instead of 28,709: the split is this copy's own" in said
    for option in ("private", "public"):
        with pytest.raises(DataError, match="expected files whose names tell PublicTest from PrivateTest") as caught:
            list(load(tmp_path, test=option))
        assert f"Leave the option test = '{option}' out" in caught.value.hint


@pytest.mark.parametrize("folder", ["validation", "val", "VALID"])
def test_names_that_tell_the_split_decide_it_in_whatever_folder_they_lie(folder, tmp_path):
    kaggle(tmp_path, "Training", "PublicTest", "PrivateTest")
    for number, word in enumerate(WORDS):
        draw(tmp_path / folder / word / f"Training_{number + 100}.jpg", size=(48, 48))
    samples = list(load(tmp_path))
    split = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
    assert len(samples) == 28
    assert {s.path: s.split for s in samples} == {
        file.relative_to(tmp_path).as_posix(): split[file.name.partition("_")[0]] for file in tmp_path.rglob("*.jpg")
    }


def test_folders_numbered_by_the_alphabet_are_refused(tmp_path):
    counts = {"0": 200, "1": 20, "2": 200, "3": 360, "4": 250, "5": 240, "6": 150}  # the fewest of 4, 5 and 6 is 6
    for number, count in counts.items():
        (tmp_path / "train" / number).mkdir(parents=True)
        for image in range(count):
            (tmp_path / "train" / number / f"im{image}.png").touch()
    with pytest.raises(DataError, match=r"where 5 is surprise .*, got 250 in 4, 240 in 5, 150 in 6 \(train\)"):
        list(load(tmp_path))
    (tmp_path / "train" / "5").rename(tmp_path / "train" / "x")
    (tmp_path / "train" / "6").rename(tmp_path / "train" / "5")
    (tmp_path / "train" / "x").rename(tmp_path / "train" / "6")
    assert Counter(sample.emotion for sample in load(tmp_path))["surprise"] == 150


def test_other_folders_are_refused(tmp_path):
    copy(tmp_path, "train")
    draw(tmp_path / "train/contempt/im1.png")
    with pytest.raises(DataError, match=r"expected folders called angry, .*, got 'contempt' \(train/contempt\)"):
        list(load(tmp_path))
    (tmp_path / "train/contempt").rename(tmp_path / "train/anger")
    with pytest.raises(DataError, match=r"expected one folder for angry, got anger and angry \(train/angry\)"):
        list(load(tmp_path))


def test_kaggles_folders_without_one_of_the_classes_are_refused(tmp_path):
    shutil.rmtree(kaggle(tmp_path, "Training", "PublicTest") / "train" / "fear")
    with pytest.raises(DataError, match=r"expected a folder for each class in .*train, got none for fear"):
        list(load(tmp_path))


def test_a_missing_file_says_where_its_owner_distributes_it(tmp_path):
    with pytest.raises(DataError) as caught:
        list(load(tmp_path))
    assert "expected fer2013.csv, icml_face_data.csv or train/ with class folders in" in caught.value.message
    assert "Nothing is downloaded" in caught.value.hint
    assert "https://www.kaggle.com/c/challenges-in-representation-learning" in caught.value.hint


def test_a_listing_keeps_no_pixels(tmp_path):
    import tracemalloc

    table(tmp_path, *(f"{row % 7},{BLACK},Training" for row in range(2000)))
    tracemalloc.start()
    samples = list(load(tmp_path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(samples) == 2000
    assert peak < (tmp_path / "fer2013.csv").stat().st_size / 2


def test_folders_without_images_are_an_error(tmp_path):
    for word in WORDS:
        (tmp_path / "train" / word).mkdir(parents=True)
    with pytest.raises(DataError, match=r"expected images in .*, got none\. Its layout is"):
        list(load(tmp_path))


def test_leaving_out_all_that_is_there_is_an_error(tmp_path):
    table(tmp_path, f"3,{BLACK},PrivateTest")
    with pytest.raises(DataError, match=r"Training or PublicTest, got those of PrivateTest only\. The option test"):
        list(load(tmp_path, test="public"))
