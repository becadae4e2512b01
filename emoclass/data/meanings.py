"""What the class words of a dataset stand for in a run: the vocabulary, and what the run's map says."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from emoclass.errors import ConfigError, DataError
from emoclass.values.config import IGNORE
from emoclass.values.labels import EMOTIONS, LabelScheme, canonical, close_emotions, folded


def meanings(
    words: Sequence[str],
    map: Mapping[str, str],
    labels: LabelScheme,
    *,
    place: str,
    may_be_none: Collection[str],
    table: Path | None = None,
) -> dict[str, str | None]:
    """Return the emotion of each class word, None where it stands for none or the map ignores it.

    Args:
        words: Of the dataset: of its classes, and of its votes.
        map: Word -> emotion, or `ignore`.
        labels: The run's emotions; words of others are translated, too.
        place: What to call the dataset in errors.
        may_be_none: Words that may stand for no emotion.
        table: A table in the dataset's folder, which may have the labels; errors name it.

    Raises:
        DataError: Another word stands for no emotion.
        ConfigError: The map names a class that is not there, or says two things of one.
    """
    mapped = _mapped(words, map, labels)
    found: dict[str, str | None] = {}
    unknown: list[str] = []
    for word in words:
        said = mapped.get(word)
        found[word] = None if said == IGNORE else canonical(said or word, labels.extra)
        if found[word] is None and said != IGNORE and word not in may_be_none:
            unknown.append(word)
    if unknown:
        raise _unknown_classes(place, labels, unknown, table)
    _check_map(place, map, labels, words)
    return found


def _mapped(words: Sequence[str], map: Mapping[str, str], labels: LabelScheme) -> dict[str, str]:
    """Return what the map says of those of a dataset's words that it is about.

    What it says of a word itself goes before what it says of the emotion that the word stands for. A word that the
    dataset does not have is about its emotion: `disgust` reaches the folder `disgusted`.
    """
    by_word: dict[str, str] = {}
    aliases: dict[str, str] = {}
    there = {folded(word) for word in words}
    for word, said in map.items():
        key = folded(word)
        emotion = canonical(word, labels.extra) if key not in there else None
        _say_once(by_word, key, said, labels)
        if emotion is not None:
            _say_once(aliases, emotion, said, labels)
    by_emotion = aliases | by_word
    found = {word: by_word.get(folded(word)) or by_emotion.get(canonical(word, labels.extra) or "") for word in words}
    return {word: said for word, said in found.items() if said}


def _say_once(found: dict[str, str], word: str, said: str, labels: LabelScheme) -> None:
    """Note what a map says of a word, and refuse that it says two things."""
    before = found.setdefault(word, said)
    if (canonical(before, labels.extra) or before) != (canonical(said, labels.extra) or said):
        raise ConfigError(f"data.map: expected one emotion for {word!r}, got {before!r} and {said!r}.")


def _check_map(place: str, map: Mapping[str, str], labels: LabelScheme, words: Sequence[str]) -> None:
    """Refuse a mapping of a class that is not there: it is a slip of the pen."""
    there = {folded(word) for word in words}
    emotions = {canonical(word, labels.extra) for word in words} - {None}
    for word in map:
        if folded(word) not in there and canonical(word, labels.extra) not in emotions:
            raise ConfigError(f"data.map: {place} has no class {word!r}.", hint=f"Its classes are {', '.join(words)}.")


def _unknown_classes(place: str, labels: LabelScheme, unknown: Sequence[str], table: Path | None) -> DataError:
    guesses = []
    for word in unknown:
        close = close_emotions(word, labels.extra)
        guesses.append(f"{word!r}" + (f" (close: {', '.join(close)})" if close else ""))
    example = (close_emotions(unknown[0], labels.extra) or ("happy",))[0]
    return DataError(
        f"{place}: unknown emotion: {'; '.join(guesses)}.",
        hint=(
            f"Map it, as in --map {shlex.quote(f'{unknown[0]}={example}')}, "
            f"or leave it out with --map {shlex.quote(f'{unknown[0]}={IGNORE}')}. "
            f"Known are {', '.join([*EMOTIONS, *labels.extra])}."
            + (f" Or name a table, if {table} is one." if table is not None else "")
        ),
    )
