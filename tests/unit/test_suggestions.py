import pytest

import emoclass
from emoclass.suggestions import did_you_mean


def test_close_names_are_offered_and_others_are_not():
    assert did_you_mean("epoch", ["epochs", "seed"]) == "Did you mean 'epochs'?"
    assert did_you_mean("xyz", ["epochs", "seed"]) == ""
    assert did_you_mean("xyz", ["epochs"], instead="There are epochs.") == "There are epochs."
    assert did_you_mean("fer201", ["fer2013", "fer2012"], most=2, capital=False) in (
        "did you mean 'fer2013' or 'fer2012'?",
        "did you mean 'fer2012' or 'fer2013'?",
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: emoclass.run("happysad", epoch=3),
        lambda: emoclass.cross_validate("happysad", folds=2, epoch=3),
        lambda: emoclass.repeat("happysad", seeds=(0, 1), epoch=3),
    ],
    ids=["run", "cross_validate", "repeat"],
)
def test_an_unknown_keyword_argument_is_refused_as_python_does(call):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'epoch'. Did you mean 'epochs'\?"):
        call()


def test_so_is_one_of_evaluate():
    for function in (emoclass.evaluate, emoclass.cross_evaluate):
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'metric'. Did you mean 'metrics'\?"):
            function(["nowhere"], {"folder": "nowhere"}, metric="accuracy")
