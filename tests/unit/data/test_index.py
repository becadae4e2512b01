"""From a dataset's own words to the run's emotions."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from emoclass.data.index import Index, index
from emoclass.errors import ConfigError, ContractError, DataError
from emoclass.values.config import DataConfig
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import DatasetSpec, Sample

TWO = LabelScheme(emotions=("happy", "sad"))


def images(*words: str, n: int = 1, **fields: Any) -> list[Sample]:
    return [
        Sample(id=f"{word}/{number}", path=f"{word}/{number}.jpg", emotion=word, **fields)
        for word in words
        for number in range(n)
    ]


def read(samples: Iterable[Sample], labels: LabelScheme = TWO, root: str | None = "photos", **settings: Any) -> Index:
    spec = DatasetSpec(name="mine", summary="A test's own.", load=lambda root: samples)
    return index(spec, DataConfig(root=root, **settings), labels)


def count(found: Index) -> Counter[str]:
    return Counter(sample.emotion for sample in found.samples)


def test_samples_come_sorted_by_id_whatever_the_loader_does() -> None:
    samples = images("sad", "happy", "angry", n=20)
    reference = read(samples)
    assert [sample.id for sample in reference.samples] == sorted(s.id for s in samples if s.emotion != "angry")
    for seed in range(3):
        shuffled = random.Random(seed).sample(samples, len(samples))
        assert read(iter(shuffled)) == reference


def test_words_that_a_dataset_declares_no_emotions_are_left_out_and_counted_unless_mapped() -> None:
    samples = images("happy", "sad", "uncertain", "non-face")
    spec = DatasetSpec(name="mine", summary="M.", load=lambda root: samples, not_emotions=("uncertain", "non-face"))
    assert index(spec, DataConfig(root="x"), TWO).left_out == {"uncertain": 1, "non-face": 1}
    mapped = index(spec, DataConfig(root="x", map={"uncertain": "sad"}), TWO)
    assert sum(sample.emotion == "sad" for sample in mapped.samples) == 2
    assert mapped.left_out == {"non-face": 1}


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("Happiness", "happy"),
        ("JOY", "happy"),
        (" happy ", "happy"),
        ("fear", "scared"),
        ("Fearful", "scared"),
        ("anger", "angry"),
        ("Surprise", "surprised"),
        ("disgust", "disgusted"),
        ("contempt", "contemptuous"),
    ],
)
def test_aliases_in_any_case_become_the_emotion(word: str, emotion: str) -> None:
    labels = LabelScheme(emotions=(emotion, "sad"))
    found = read(images(word, "Sadness"), labels)
    assert sorted(sample.emotion for sample in found.samples) == sorted([emotion, "sad"])
    assert {sample.id for sample in found.samples} == {f"{word}/0", "Sadness/0"}
    assert found.left_out == {}


def test_a_known_emotion_outside_the_labels_is_left_out_and_counted() -> None:
    found = read([*images("happy", "sad", n=2), *images("Anger", n=3), *images("neutral", n=4)])
    assert [sample.emotion for sample in found.samples] == ["happy", "happy", "sad", "sad"]
    assert found.left_out == {"Anger": 3, "neutral": 4}


def test_a_class_word_that_is_no_emotion_names_the_close_ones_and_the_way_out() -> None:
    with pytest.raises(DataError) as caught:
        read(images("happyy", "sad", "zzz"))
    assert caught.value.message == "dataset 'mine' in photos: unknown emotion: 'happyy' (close: happy); 'zzz'."
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(
        "Map it, as in --map happyy=happy, or leave it out with --map happyy=ignore. Known are happy, sad, angry,"
    )


def test_a_word_like_no_emotion_still_gets_an_example() -> None:
    with pytest.raises(DataError, match=r"as in --map qqq=happy, or leave it out with --map qqq=ignore"):
        read(images("qqq", "sad"))


def test_a_class_word_with_spaces_is_quoted_for_the_shell() -> None:
    with pytest.raises(DataError, match=r"as in --map 'big smile=happy', or leave it out with --map 'big smile=ignore"):
        read(images("big smile", "sad"))


def test_extra_emotions_are_known() -> None:
    labels = LabelScheme(emotions=("happy", "bored"), extra={"bored": "nothing to do"})
    assert {sample.emotion for sample in read(images("happy", "Bored"), labels).samples} == {"happy", "bored"}
    with pytest.raises(DataError, match=r"unknown emotion: 'boredd' \(close: bored\).* contemptuous, bored\."):
        read(images("happy", "boredd"), labels)


def test_map_translates_a_word_in_any_case() -> None:
    found = read(images("Smile", "frown"), map={"smile": "happiness", "FROWN": "sad"})
    assert {sample.id: sample.emotion for sample in found.samples} == {"Smile/0": "happy", "frown/0": "sad"}


def test_letters_that_are_written_in_parts_are_the_same_letters() -> None:
    """As macOS writes the names of folders; a keyboard writes them in one."""
    composed, parts = "fr\N{LATIN SMALL LETTER O WITH DIAERESIS}hlich", "fro\N{COMBINING DIAERESIS}hlich"
    for folder, said in ((composed, parts), (parts, composed), (parts.title(), composed.upper())):
        found = read(images(folder, "sad"), map={said: "happy"})
        assert [sample.emotion for sample in found.samples] == ["happy", "sad"]


def test_map_ignores_and_counts_what_it_ignores() -> None:
    found = read([*images("happy", "sad"), *images("blurry", n=5)], map={"blurry": "ignore"})
    assert len(found.samples) == 2
    assert found.left_out == {"blurry": 5}


def test_only_the_map_ignores_never_a_folder_name() -> None:
    with pytest.raises(DataError, match="unknown emotion: 'ignore'"):
        read(images("happy", "sad", "ignore"))


@pytest.mark.parametrize("said", ["disgusted", "disgust", "DISGUST"])
@pytest.mark.parametrize("word", ["disgusted", "Disgust"])
def test_map_merges_two_emotions_whichever_of_their_names_the_folder_and_the_map_have(word: str, said: str) -> None:
    labels = LabelScheme(emotions=("happy", "angry"))
    found = read([*images("happy", "angry"), *images(word, n=2)], labels, map={said: "angry"})
    assert sorted(sample.emotion for sample in found.samples) == ["angry", "angry", "angry", "happy"]
    assert found.left_out == {}


FIVE = LabelScheme(emotions="basic5")
SEVEN = [
    sample
    for n, word in enumerate(("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"), start=1)
    for sample in images(word, n=n)
]


def test_five_of_seven_are_kept_and_the_others_counted_in_the_datasets_words() -> None:
    found = read(SEVEN, FIVE)
    assert found.left_out == {"disgust": 2, "neutral": 5}
    assert count(found) == {"happy": 4, "sad": 6, "angry": 1, "scared": 3, "surprised": 7}
    assert (found.merged, found.merge_note) == ({}, None)


@pytest.mark.parametrize("word", ["disgusted", "Disgusted", "disgust"])
def test_a_merged_class_is_counted_in_the_datasets_words_and_told(word: str) -> None:
    found = read(SEVEN, FIVE, map={word: "anger"})
    assert (found.merged, found.left_out) == ({"angry": {"disgust": 2}}, {"neutral": 5})
    assert count(found)["angry"] == 3
    assert found.merge_note is not None
    assert found.merge_note.startswith("Merged, as mapped: disgust 2 counted as angry. A merged class is a different")


def test_votes_for_a_merged_emotion_count_as_its_own() -> None:
    votes = {"disgust": 4, "Anger": 5, "neutral": 1}
    samples = [*SEVEN, *images("Anger", votes=votes)]
    found = {sample.id: sample.votes for sample in read(samples, FIVE, map={"disgusted": "angry"}).samples}
    assert found["Anger/0"] == {"angry": 9}


def test_chains_of_a_map_are_not_followed() -> None:
    found = read(SEVEN, FIVE, map={"disgusted": "scared", "scared": "angry", "angry": "sad"})
    assert count(found) == {"happy": 4, "sad": 7, "angry": 3, "scared": 2, "surprised": 7}
    assert found.merged == {"sad": {"angry": 1}, "angry": {"fear": 3}, "scared": {"disgust": 2}}


@pytest.mark.parametrize("map", [{"angry": "angry"}, {"fear": "scared"}, {"scared": "fear"}])
def test_a_map_of_an_emotion_to_itself_changes_nothing(map: dict[str, str]) -> None:
    assert read(SEVEN, FIVE, map=map) == read(SEVEN, FIVE)


def test_a_map_to_an_emotion_outside_the_labels_leaves_out_and_counts() -> None:
    found = read([*SEVEN, *images("smirk", n=8)], map={"surprise": "neutral", "smirk": "contempt"})
    others = {"angry": 1, "disgust": 2, "fear": 3, "neutral": 5, "surprise": 7}
    assert (found.left_out, found.merged) == ({**others, "smirk": 8}, {})


def test_a_word_that_is_no_emotion_is_translated_where_it_is_the_only_class_and_merged_beside_others() -> None:
    assert read(images("smile", "sad"), map={"smile": "happy"}).merged == {}
    assert read(images("Smile", "smile", "sad"), map={"smile": "happy"}).merged == {}
    beside = read(images("smile", "joy", "sad", n=2), map={"smile": "happy"})
    assert beside.merged == {"happy": {"smile": 2}}
    both = read(images("smile", "grin", "sad"), map={"smile": "happy", "grin": "happy"})
    assert both.merged == {"happy": {"grin": 1, "smile": 1}}


def test_what_a_list_excludes_is_not_counted_as_merged() -> None:
    spec = DatasetSpec(name="mine", summary="A test's own.", load=lambda root: SEVEN)
    config = DataConfig(root="photos", map={"disgusted": "angry"})
    assert index(spec, config, FIVE, excluded=frozenset({"disgust/0.jpg"})).merged == {"angry": {"disgust": 1}}
    assert index(spec, config, FIVE, excluded=frozenset({"disgust/0", "disgust/1"})).merged == {}


def test_map_of_the_exact_word_goes_before_that_of_its_emotion() -> None:
    found = read(images("happy", "fear", "sad"), map={"fear": "sad", "scared": "ignore"})
    assert {sample.id: sample.emotion for sample in found.samples}["fear/0"] == "sad"


def test_an_emotion_without_images_is_named_with_what_is_there() -> None:
    labels = LabelScheme(emotions=("happy", "sad", "scared", "neutral"))
    with pytest.raises(DataError) as caught:
        read(images("happy", "Sadness", "angry"), labels)
    assert str(caught.value) == (
        "dataset 'mine' in photos: no images of scared, neutral. "
        "Found: angry, happy, sad. Choose at least two emotions with --labels."
    )


def test_one_class_alone_is_not_enough() -> None:
    with pytest.raises(DataError, match=r"no images of sad\. Found: happy\. A run needs two emotions\."):
        read(images("happy", n=5))


def test_a_table_beside_folders_that_are_no_classes_is_pointed_out(tmp_path: Path) -> None:
    for name in ("images/0.png", "more/1.png", "labels.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    spec = DatasetSpec(name="folder", summary="Folders.", load="emoclass.data.folder:load")
    with pytest.raises(
        DataError, match=r"unknown emotion: 'images'; 'more'.* Or name a table, if .*labels\.csv is one"
    ):
        index(spec, DataConfig(root=tmp_path), FIVE)
    (tmp_path / "other.csv").touch()  # which of them is not told
    with pytest.raises(DataError, match=r"Known are [a-z, ]*\.\Z"):
        index(spec, DataConfig(root=tmp_path), FIVE)


def test_no_images_at_all() -> None:
    with pytest.raises(DataError, match=r"^dataset 'mine' in photos: no images found\.$"):
        read([])


def test_ids_that_repeat_break_the_contract() -> None:
    with pytest.raises(ContractError, match=r"dataset 'mine': expected unique ids, got 'sad/0' 3 times\."):
        read([*images("happy", "sad"), *images("sad"), *images("sad")])


@pytest.mark.parametrize("path", ["../x.jpg", "happy/../../x.jpg", "/etc/passwd", "", "."])
def test_paths_that_leave_the_root_break_the_contract(path: str) -> None:
    stray = Sample(id="x", path=path, emotion="happy")
    with pytest.raises(ContractError) as caught:
        read([*images("happy", "sad"), stray])
    assert caught.value.message == f"dataset 'mine': expected paths inside the root, got {path!r}."


def test_an_attribute_named_as_persons_are_breaks_the_contract() -> None:
    with pytest.raises(ContractError, match=r"other names than 'group', got 'old' \(sample 'happy/0'\)\."):
        read(images("happy", "sad", attributes={"group": "old"}))


def test_a_wrong_cell_of_a_sample_breaks_the_contract_in_a_line() -> None:
    def load(root):
        yield from images("happy")
        yield Sample(id="x", path="x.png", emotion="sad", split="Test")

    spec = DatasetSpec(name="mine", summary="A test's own.", load=load)
    with pytest.raises(ContractError) as caught:
        index(spec, DataConfig(root="photos"), TWO)
    assert re.fullmatch(
        r"dataset 'mine': load: Sample \(test_index\.py, line \d+\): split: input should be 'train', 'validation' or "
        r"'test', got 'Test'\.",
        str(caught.value),
    )


def test_official_splits_for_some_images_only_break_the_contract() -> None:
    with pytest.raises(ContractError, match=r"official split for all images or none, got one for 2 of 4\."):
        read([*images("happy", "sad"), *images("fear", "anger", split="train")])


def test_official_splits_and_groups_pass_through() -> None:
    found = read(images("Joy", "sad", split="test", group="anna"))
    assert [(sample.split, sample.group) for sample in found.samples] == [("test", "anna")] * 2


def test_an_unknown_option_names_what_the_dataset_takes() -> None:
    def load(root: Path | None, fold: int = 0, *, usage: str = "all") -> list[Sample]:
        return images("happy", "sad", n=1 + fold)

    spec = DatasetSpec(name="mine", summary="A test's own.", load=load)
    assert len(index(spec, DataConfig(root="photos", options={"fold": 2}), TWO).samples) == 6
    with pytest.raises(ConfigError) as caught:
        index(spec, DataConfig(root="photos", options={"folds": 2}), TWO)
    assert str(caught.value) == (
        "dataset 'mine': [data]: options do not fit: got an unexpected keyword argument 'folds'. It takes fold, usage."
    )


def test_an_unknown_option_of_a_dataset_without_options() -> None:
    with pytest.raises(ConfigError, match=r"options do not fit.*'shuffle'.*It takes no options\."):
        read(images("happy", "sad"), options={"shuffle": True})


@pytest.mark.parametrize("name", ["root", "labels"])
def test_an_option_cannot_replace_what_the_core_passes(name: str) -> None:
    def load(root: Path | None, *, labels: LabelScheme, n_images: int = 4) -> list[Sample]:
        return images(*labels.emotions)

    spec = DatasetSpec(name="mine", summary="A test's own.", load=load, needs_root=False, takes_labels=True)
    assert [sample.emotion for sample in index(spec, DataConfig(), TWO).samples] == ["happy", "sad"]
    with pytest.raises(ConfigError, match=r"multiple values.*It takes n_images\."):
        index(spec, DataConfig(options={name: None}), TWO)


def test_a_dataset_that_reads_a_folder_needs_one() -> None:
    with pytest.raises(ConfigError, match=r"dataset 'mine': expected a folder, got none\. Name it with --data DIR\."):
        read(images("happy", "sad"), root=None)


def test_a_dataset_that_makes_its_images_takes_no_folder() -> None:
    spec = DatasetSpec(name="made", summary="A test's own.", load=lambda root: images("happy", "sad"), needs_root=False)
    with pytest.raises(ConfigError) as caught:
        index(spec, DataConfig(root="photos"), TWO)
    assert caught.value.message == "dataset 'made': needs no folder, got photos."
    assert caught.value.hint == (
        "Leave --data out, or choose another --dataset ('folder' reads one subfolder per class)."
    )
    with pytest.raises(DataError, match=r"^dataset 'made': no images of angry\."):
        index(spec, DataConfig(), LabelScheme(emotions=("happy", "angry")))


def test_what_the_loader_raises_passes_through() -> None:
    def load(root: Path | None) -> Iterable[Sample]:
        raise DataError("labels.csv: expected a column 'emotion'.")

    with pytest.raises(DataError, match=r"labels\.csv"):
        index(DatasetSpec(name="mine", summary="A test's own.", load=load), DataConfig(root="x"), TWO)


@pytest.mark.parametrize(
    ("map", "told"),
    [
        ({"Happy": "sad", "happy": "angry"}, "for 'happy', got 'sad' and 'angry'"),
        ({"joy": "sad", "happiness": "angry"}, "for 'happy', got 'sad' and 'angry'"),
        ({"joy": "sad", "JOY ": "ignore"}, "for 'joy', got 'sad' and 'ignore'"),
    ],
)
def test_a_map_that_says_two_things_of_a_class_is_refused(map: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=rf"^data\.map: expected one emotion {told}\.$"):
        read(images("happy", "sad"), map=map)


def test_a_map_may_say_one_thing_twice() -> None:
    found = read(
        images("happy", "sad"),
        map={"joy": "anger", "happiness": "angry"},
        labels=LabelScheme(emotions=("sad", "angry")),
    )
    assert [sample.emotion for sample in found.samples] == ["angry", "sad"]


def test_a_map_of_a_class_that_is_not_there_is_a_slip_of_the_pen(tmp_path):
    for name in ("smile", "sad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    spec = DatasetSpec(name="folder", summary="F.", load="emoclass.data.folder:load")
    labels = LabelScheme(emotions=("happy", "sad"))
    config = DataConfig(dataset="folder", root=tmp_path, map={"smile": "happy", "smyle": "happy"})
    with pytest.raises(ConfigError, match=r"data\.map: .* has no class 'smyle'.* Its classes are sad, smile"):
        index(spec, config, labels)


def test_votes_are_read_in_the_words_of_the_classes_and_added_up() -> None:
    votes = {"Happiness": 3, "joy": 2, "sad": 0, "anger": 4, "unknown": 1, "NF": 1, "bored": 6}
    labels = LabelScheme(emotions=("happy", "sad", "bored"), extra={"bored": "nothing to do"})
    found = read(images("happy", "sad", "bored", votes=votes), labels)
    assert [sample.votes for sample in found.samples] == [{"happy": 5, "bored": 6}] * 3
    mapped = read(
        images("Joy", "sad", votes=votes), map={"anger": "sad", "nf": "sad", "happy": "ignore", "joy": "happy"}
    )
    assert [sample.votes for sample in mapped.samples] == [{"happy": 2, "sad": 5}] * 2


@pytest.mark.parametrize("votes", [None, {}, {"happy": 0}, {"anger": 9, "unknown": 1}])
def test_an_image_without_a_vote_for_the_runs_emotions_has_none(votes: dict[str, float] | None) -> None:
    found = read([*images("happy", votes=votes), *images("sad", votes={"sad": 1})])
    assert [sample.votes for sample in found.samples] == [None, {"sad": 1}]


@pytest.mark.parametrize("count", [-1, float("nan"), float("inf")])
def test_votes_that_are_no_counts_break_the_contract(count: float) -> None:
    told = rf"dataset 'mine': expected votes from 0 on, got {count} for 'NF' \(sample 'sad/0'\)\."
    with pytest.raises(ContractError, match=told):
        read([*images("happy", votes={"sad": 2}), *images("sad", votes={"NF": count})])
