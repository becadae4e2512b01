"""What plugins describe is validated."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from emoclass.values.specs import Sample

GIVEN: dict[str, Any] = {"id": "a", "path": "a.png", "emotion": "happy"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": 1}, "id\n.*valid string"),
        ({"emotion": None}, "emotion\n.*valid string"),
        ({"split": "tset"}, "split\n.*'train', 'validation' or 'test'"),
        ({"votes": {"happy": "many"}}, "votes.happy\n.*valid number"),
        ({"group": 7}, "group\n.*valid string"),
        ({"attributes": {"age": 30}}, "attributes.age\n.*valid string"),
        ({"spilt": "train"}, "spilt\n.*[Uu]nexpected keyword"),
    ],
)
def test_a_sample_refuses_what_it_cannot_hold(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Sample(**{**GIVEN, **changed})


def test_a_sample_needs_an_id_a_path_and_an_emotion() -> None:
    for name in GIVEN:
        with pytest.raises(ValidationError, match=name):
            Sample(**{key: value for key, value in GIVEN.items() if key != name})


def test_a_sample_is_a_value() -> None:
    sample = Sample(**GIVEN, votes={"happy": 3})
    assert sample == pickle.loads(pickle.dumps(sample)) == copy.deepcopy(sample)
    assert replace(sample, emotion="sad") == Sample(**{**GIVEN, "emotion": "sad"}, votes={"happy": 3.0})
    with pytest.raises(AttributeError):
        sample.emotion = "sad"  # type: ignore[misc]


def test_a_sample_keeps_nothing_but_its_fields() -> None:
    assert not hasattr(Sample(**GIVEN), "__dict__"), "a million of them must fit into memory"
