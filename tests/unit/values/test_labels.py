import pytest
from pydantic import ValidationError

from emoclass.values.labels import ALIASES, EMOTIONS, SCHEMES, LabelScheme, canonical, close_emotions, expanded


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
        (["happy", "happiness"], "each emotion once, got happy twice in 'happy, happiness'"),
        ("basic5,sad", "each emotion once, got sad twice in 'basic5, sad'"),
        ("Happysad,happysad", "got happy, sad twice in 'Happysad, happysad'"),
        ("basic6", r"unknown emotion 'basic6'; .*; schemes: happysad, basic5, .* Did you mean 'basic5'\?"),
        (["happy", "basic 5"], "unknown emotion 'basic 5'"),
        (["happy"], "at least two"),
        (["happy", "sadd"], "Did you mean 'sad'"),
        (["happy", "bored"], r"declared under \[labels.extra\]"),
    ],
)
def test_what_is_no_scheme_is_refused_with_a_reason(emotions, message):
    with pytest.raises(ValidationError, match=message):
        LabelScheme(emotions=emotions)


@pytest.mark.parametrize(
    ("name", "emotions"),
    [
        ("happysad", "happy sad"),
        ("basic5", "happy sad angry scared surprised"),
        ("ekman6", "happy sad angry scared surprised disgusted"),
        ("fer7", "happy sad angry scared surprised disgusted neutral"),
        ("affectnet8", "happy sad angry scared surprised disgusted neutral contemptuous"),
    ],
)
def test_a_scheme_is_its_emotions_in_class_order(name, emotions):
    spelled = LabelScheme(emotions=emotions.split())
    for said in (name, name.upper(), f" {name} ", [name], (name,)):
        assert LabelScheme(emotions=said) == spelled
    assert SCHEMES[name] == spelled.emotions


def test_every_scheme_has_been_spelled_out():
    assert set(SCHEMES) == {"happysad", "basic5", "ekman6", "fer7", "affectnet8"}
    assert not set(SCHEMES) & {*EMOTIONS, *ALIASES}


@pytest.mark.parametrize(
    ("said", "emotions"),
    [
        ("basic5,neutral", ("happy", "sad", "angry", "scared", "surprised", "neutral")),
        ("neutral,happysad", ("neutral", "happy", "sad")),
        (["fear", "HappySad", "anger"], ("scared", "happy", "sad", "angry")),
    ],
)
def test_the_emotions_of_a_scheme_take_the_place_of_its_name(said, emotions):
    assert LabelScheme(emotions=said).emotions == emotions


def test_only_names_of_schemes_are_expanded():
    assert expanded(["Fear", "bored", "", "happysad"]) == ("Fear", "bored", "", "happy", "sad")


def test_a_declared_emotion_stands_beside_a_scheme():
    labels = LabelScheme(emotions="happysad,bored", extra={"bored": "nothing holds the eye"})
    assert labels.emotions == ("happy", "sad", "bored")


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_a_declared_emotion_takes_no_name_of_a_scheme(name):
    with pytest.raises(
        ValidationError, match=f"extra emotion '{name}': expected another name; it stands for happy, sad"
    ):
        LabelScheme(emotions=["neutral", "contempt"], extra={name: "..."})


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
