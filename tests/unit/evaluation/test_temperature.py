import numpy as np
import pytest
from scipy.special import softmax

from emoclass import LabelScheme
from emoclass.evaluation.probability_metrics import log_loss
from emoclass.evaluation.temperature import RANGE, at_temperature, fit_temperature

THREE = LabelScheme(emotions=("happy", "sad", "angry"))
TWO = LabelScheme(emotions=("happy", "sad"))


def outcomes(logits, seed=0):
    """Draw classes from the probabilities that logits stand for."""
    shares = softmax(logits, axis=1).cumsum(axis=1)
    return (np.random.default_rng(seed).random((len(logits), 1)) > shares).sum(axis=1)


def test_probabilities_at_a_temperature_are_those_of_divided_logits():
    logits = np.random.default_rng(0).normal(size=(20, 3)) * 3
    for temperature in (0.3, 1.0, 2.5):
        found = at_temperature(softmax(logits, axis=1), temperature)
        np.testing.assert_allclose(found, softmax(logits / temperature, axis=1), atol=1e-6)
        assert np.array_equal(found.argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize(("labels", "times"), [(THREE, 2.0), (THREE, 0.5), (TWO, 3.0)])
def test_the_temperature_that_a_model_is_too_sure_by_is_found(labels, times):
    logits = np.random.default_rng(1).normal(size=(20_000, len(labels))) * 1.5
    y_true = outcomes(logits)
    found = fit_temperature(y_true, softmax(times * logits, axis=1), labels)
    assert found.temperature == pytest.approx(times, rel=0.05)
    assert found.n_samples == 20_000
    assert found.log_loss[1] < found.log_loss[0]
    assert found.ece[1] < 0.01 < found.ece[0]


def test_no_other_temperature_has_a_smaller_log_loss():
    logits = np.random.default_rng(2).normal(size=(300, 3)) * 2
    y_true, y_score = outcomes(logits / 2), softmax(logits, axis=1)
    found = fit_temperature(y_true, y_score, THREE)
    assert found.log_loss[0] == pytest.approx(log_loss(y_true, y_score, labels=THREE))
    for other in np.geomspace(*RANGE, 60):
        assert found.log_loss[1] <= log_loss(y_true, at_temperature(y_score, other), labels=THREE) + 1e-6


def test_images_that_are_all_classified_correctly_give_a_temperature_in_the_range():
    y_score = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]])
    assert fit_temperature(np.array([0, 1]), y_score, THREE).temperature == pytest.approx(RANGE[0], abs=0.01)
    sure = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert np.isfinite(fit_temperature(np.array([0, 2]), sure, THREE).log_loss).all()
