"""What a run and a model hand back."""

import copy
import json
import pickle

import pytest

import emoclass
from emoclass.values.results import Prediction, Unreadable


def test_what_a_stream_yields_is_public():
    assert (emoclass.Prediction, emoclass.Unreadable) == (Prediction, Unreadable)


def test_scores_stay_as_they_are():
    found = Prediction(path="a.png", label="sad", probability=0.75, scores={"happy": 0.25, "sad": 0.75})
    before = dict(found.scores)
    for change in (
        lambda scores: scores.__setitem__("happy", 1.0),
        lambda scores: scores.update(happy=1.0),
        lambda scores: scores.pop("happy"),
        lambda scores: scores.clear(),
    ):
        with pytest.raises(TypeError, match="scores of a prediction cannot be changed"):
            change(found.scores)
    given = {"happy": 1.0}
    mine = Prediction(label="happy", probability=1.0, scores=given)
    given["happy"] = 0.0
    assert (found.scores, mine.scores) == (before, {"happy": 1.0})
    for same in (
        pickle.loads(pickle.dumps(found)),
        copy.copy(found),
        copy.deepcopy(found),
        Prediction.model_validate(found.model_dump()),
        Prediction.model_validate_json(found.model_dump_json()),
        Prediction(**json.loads(json.dumps(found.to_json()))),
    ):
        assert same == found
        with pytest.raises(TypeError):
            same.scores["happy"] = 1.0
    assert json.loads(json.dumps(found.scores)) == before
