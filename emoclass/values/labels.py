"""The vocabulary of emotions, and the scheme that gives each of a run's emotions its class index."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from emoclass.errors import ConfigError
from emoclass.values.base import FrozenModel

EMOTIONS = ("happy", "sad", "angry", "scared", "surprised", "disgusted", "neutral", "contemptuous")
"""The emotion ids that every dataset is translated into, ordered so that each of `SCHEMES` is a beginning of them."""

SCHEMES: Mapping[str, tuple[str, ...]] = {
    "happysad": EMOTIONS[:2],
    "basic5": EMOTIONS[:5],
    "ekman6": EMOTIONS[:6],
    "fer7": EMOTIONS[:7],
    "affectnet8": EMOTIONS[:8],
}
"""Sets of emotions with a name, in class order: wherever a run's emotions are listed, the name stands for them."""

ALIASES: Mapping[str, str] = {
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "scared",
    "fearful": "scared",
    "afraid": "scared",
    "surprise": "surprised",
    "disgust": "disgusted",
    "contempt": "contemptuous",
}
"""Other words for the same emotions, accepted wherever a name is read."""

RESERVED = ("path", "label", "probability", "error", "ignore")
"""No emotions: beside the emotions they are columns of predictions, and `ignore` leaves a class out."""

MAX_NAME, MAX_MEANING = 50, 1000
"""Characters of an emotion that a run declares, and of what it says that it means."""


def folded(word: str) -> str:
    """Return a word as words are compared: in lower case, and with letters composed, which macOS writes in parts.

    Example:
        >>> folded(" Gele\u0301e") == folded("gel\u00e9e")
        True
    """
    return unicodedata.normalize("NFC", word).strip().casefold()


def canonical(name: str, extra: Iterable[str] = ()) -> str | None:
    """Return the emotion id that a word stands for, or None if it stands for none.

    Args:
        name: A word in any case: an id, an alias, or one of `extra`.
        extra: Ids that a run declares beyond the vocabulary.

    Example:
        >>> canonical("Happiness"), canonical("bored"), canonical("bored", extra=["bored"])
        ('happy', None, 'bored')
    """
    word = folded(name)
    if word in EMOTIONS or word in extra:
        return word
    return ALIASES.get(word)


def expanded(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of emotions with the emotions of a scheme in the place of its name.

    Args:
        names: Emotions, their aliases and names of `SCHEMES`, in any case. What is none of these is passed on.

    Example:
        >>> expanded(["basic5", "Contempt"])
        ('happy', 'sad', 'angry', 'scared', 'surprised', 'Contempt')
    """
    return tuple(each for name in names for each in SCHEMES.get(folded(name), (name,)))


def close_emotions(name: str, extra: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the emotion ids whose name or alias looks like `name`, best first.

    Example:
        >>> close_emotions("hapy")
        ('happy',)
    """
    words = [*EMOTIONS, *extra, *ALIASES]
    close = difflib.get_close_matches(folded(name), words, n=4, cutoff=0.6)
    return tuple(dict.fromkeys(ALIASES.get(word, word) for word in close))


def _as_names(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class LabelScheme(FrozenModel):
    """The emotions of a run, in order: the position *is* the class index.

    The scheme is saved with every model and is the only source of class order.

    Attributes:
        emotions: Two or more different emotion ids, as a list or separated by commas. Aliases are accepted; the name
            of a built-in scheme, such as `basic5`, stands for its emotions, also among others.
        extra: Emotions outside the vocabulary that this run declares: id -> what it means, in a line. An id has lower
            case letters, digits, `_` and `-`, for it ends up in tables, in columns and on terminals. It is the name of
            no scheme.

    Raises:
        pydantic.ValidationError: An unknown emotion, one twice, or fewer than two.

    Example:
        >>> labels = LabelScheme(emotions=("happy", "sadness"))
        >>> labels.emotions, labels.index("sad"), labels.head, labels.units
        (('happy', 'sad'), 1, 'sigmoid', 1)
        >>> LabelScheme(emotions="basic5").emotions
        ('happy', 'sad', 'angry', 'scared', 'surprised')
        >>> LabelScheme(emotions="neutral,happysad").emotions
        ('neutral', 'happy', 'sad')
    """

    emotions: Annotated[tuple[str, ...], BeforeValidator(_as_names)]
    extra: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("extra")
    @classmethod
    def _extra_is_new(cls, extra: Mapping[str, str]) -> Mapping[str, str]:
        for name, meaning in extra.items():
            subject = f"extra emotion {name[:MAX_NAME]!r}"
            if len(name) > MAX_NAME or name != name.casefold() or not re.fullmatch(r"[^\W\d_][\w-]*", name):
                raise ValueError(
                    f"{subject}: expected a lower-case id of letters, digits, '_' and '-', at most {MAX_NAME} in all"
                )
            if name in EMOTIONS or name in ALIASES:
                raise ValueError(f"{subject} is part of the vocabulary already")
            if name in SCHEMES:
                raise ValueError(f"{subject}: expected another name; it stands for {', '.join(SCHEMES[name])}")
            if name in RESERVED:
                raise ValueError(f"{subject}: expected another name; {', '.join(RESERVED)} have a meaning already")
            if len(meaning) > MAX_MEANING or not meaning.isprintable():
                raise ValueError(f"{subject}: expected a line of at most {MAX_MEANING} characters that says what it is")
        return extra

    @model_validator(mode="before")
    @classmethod
    def _canonical_emotions(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "emotions" not in data:
            return data
        names = _as_names(data["emotions"])
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            return data
        extra = data.get("extra") or {}
        if not isinstance(extra, Mapping) or not all(isinstance(name, str) for name in extra):
            return data
        emotions = []
        for name in expanded(names):
            emotion = canonical(name, extra)
            if emotion is None:
                close = close_emotions(name, [*extra, *SCHEMES])
                guess = f" Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""
                raise ValueError(
                    f"unknown emotion {name.strip()!r}; known: {', '.join([*EMOTIONS, *extra])}; schemes:"
                    f" {', '.join(SCHEMES)}.{guess}"
                    f" A new one is declared under [labels.extra] in a config file"
                )
            emotions.append(emotion)
        twice = [emotion for emotion, n in Counter(emotions).items() if n > 1]
        if twice:
            listed = ", ".join(name.strip() for name in names)
            raise ValueError(f"expected each emotion once, got {', '.join(twice)} twice in {listed!r}")
        if len(emotions) < 2:
            raise ValueError(f"expected at least two emotions, got {len(emotions)}")
        return {**data, "emotions": tuple(emotions)}

    def __len__(self) -> int:
        return len(self.emotions)

    @property
    def head(self) -> Literal["sigmoid", "softmax"]:
        """The output activation: one sigmoid unit for two emotions, softmax beyond."""
        return "sigmoid" if len(self.emotions) == 2 else "softmax"

    @property
    def units(self) -> int:
        """The size of a model's last layer: 1 for a sigmoid head, else one unit an emotion."""
        return 1 if self.head == "sigmoid" else len(self.emotions)

    @property
    def positive(self) -> str | None:
        """The positive class of binary precision and recall (the second label); None beyond two."""
        return self.emotions[1] if len(self.emotions) == 2 else None

    def index(self, emotion: str) -> int:
        """Return an emotion's class index.

        Raises:
            ValueError: The emotion is not in the scheme.
        """
        return self.emotions.index(emotion)


def choose(labels: str | Iterable[str] | LabelScheme, known: LabelScheme) -> LabelScheme:
    """Return some of a trained model's emotions as a scheme of their own, in the order given.

    Args:
        labels: A scheme, or as for one: a list, or separated by commas.
        known: The model's emotions.

    Raises:
        ConfigError: Fewer than two, one twice, or one that the model does not know.

    Example:
        >>> choose("scared,happy", LabelScheme(emotions="basic5")).emotions
        ('scared', 'happy')
    """
    if isinstance(labels, LabelScheme):
        labels = labels.emotions
    names = [name.strip() for name in (labels.split(",") if isinstance(labels, str) else labels)]
    names = [name for name in names if name]
    try:
        chosen = LabelScheme(emotions=tuple(names), extra=known.extra)
        strangers = [emotion for emotion in chosen.emotions if emotion not in known.emotions]
    except ValidationError as error:
        chosen = None
        if all(canonical(name, known.extra) in known.emotions for name in expanded(names)) and len(names) > 1:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigError(f"labels: {reason}.") from error
        strangers = [name for name in names if canonical(name, known.extra) not in known.emotions]
    if chosen is None or strangers:
        misspelt = [name for name in strangers if canonical(name, known.extra) is None]
        close = [emotion for name in misspelt for emotion in close_emotions(name) if emotion in known.emotions]
        if close:
            hint = f"Did you mean {close[0]!r}?"
        elif len(known) == 2:
            hint = "This model has only two: leave the labels out."
        else:
            hint = f"For example {','.join(known.emotions[:2])}."
        raise ConfigError(
            f"labels: expected at least two of the model's {', '.join(known.emotions)}, each once, got "
            f"{', '.join(strangers or names) or 'none'}.",
            hint=hint,
        )
    return chosen
