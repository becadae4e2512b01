import pytest
from pydantic import ValidationError

from emoclass.labels import ALIASES, EMOTIONS, LabelScheme, canonical, close_emotions


def test_aliases_lead_into_the_vocabulary_and_hide_no_id():
    assert set(ALIASES.values()) <= set(EMOTIONS)
    assert not set(ALIASES) & set(EMOTIONS)


@pytest.mark.parametrize(
    ("word", "emotion"), [("happy", "happy"), (" Happiness ", "happy"), ("FEAR", "scared"), ("smile", None)]
)
def test_words_are_read_in_any_case(word, emotion):
    assert canonical(word) == emotion


def test_close_emotions_are_ids_even_where_an_alias_was_close():
    assert close_emotions("hapines") == ("happy",)
    assert close_emotions("xyzzy") == ()


def test_order_is_the_class_index_and_two_labels_have_one_sigmoid_unit():
    labels = LabelScheme(emotions=("sad", "happy"))
    assert [labels.index(emotion) for emotion in ("sad", "happy")] == [0, 1]
    assert (labels.head, labels.units, labels.positive, len(labels)) == ("sigmoid", 1, "happy", 2)


def test_more_than_two_labels_have_a_softmax_and_no_positive_class():
    labels = LabelScheme(emotions="happy, sad, fear")
    assert labels.emotions == ("happy", "sad", "scared")
    assert (labels.head, labels.units, labels.positive) == ("softmax", 3, None)


@pytest.mark.parametrize(
    ("emotions", "message"),
    [
        (["happy", "happiness"], "an emotion stands twice"),
        (["happy"], "at least two"),
        (["happy", "sadd"], "Did you mean 'sad'"),
        (["happy", "bored"], r"declared under \[labels.extra\]"),
    ],
)
def test_what_is_no_scheme_is_refused_with_a_reason(emotions, message):
    with pytest.raises(ValidationError, match=message):
        LabelScheme(emotions=emotions)


def test_an_emotion_outside_the_vocabulary_is_declared():
    labels = LabelScheme(emotions=["happy", "bored"], extra={"bored": "nothing holds the eye"})
    assert labels.index("bored") == 1


@pytest.mark.parametrize(
    "name",
    ["happy", "fear", "Bored", "", "path", "label", "probability", "error", "ignore", "two words", "a,b", "1st", "-x",
     "bored\n", "\x1b[31mbored", "bor\u202eed", "bor\x00ed", "bored\ud800", "b" * 51],
)  # fmt: skip
def test_a_declared_emotion_must_be_new_and_an_id(name):
    with pytest.raises(ValidationError, match="extra emotion"):
        LabelScheme(emotions=["happy", "sad"], extra={name: "..."})


@pytest.mark.parametrize("name", ["bored", "half-asleep", "level_2", "müde"])
def test_an_id_is_a_word_in_any_language(name):
    assert LabelScheme(emotions=["happy", name], extra={name: "..."}).index(name) == 1


@pytest.mark.parametrize("meaning", ["two\nlines", "\x1b[31m", "x" * 1001])
def test_a_declared_emotion_is_explained_in_a_line(meaning):
    with pytest.raises(ValidationError, match="extra emotion 'bored': expected a line"):
        LabelScheme(emotions=["happy", "bored"], extra={"bored": meaning})


@pytest.mark.parametrize("extra", [["bored"], "bored", 5, {1: "one"}])
def test_extra_that_is_no_table_is_refused(extra):
    with pytest.raises(ValidationError, match="extra"):
        LabelScheme.model_validate({"emotions": ["happy", "bored"], "extra": extra})
