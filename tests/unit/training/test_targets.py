import numpy as np

from emoclass import LabelScheme
from emoclass.training.targets import training_targets, validation_targets
from emoclass.values.config import TrainingConfig

TWO = LabelScheme(emotions=("happy", "sad"))
THREE = LabelScheme(emotions=("happy", "sad", "angry"))
Y_TRUE = np.array([0, 2])
VOTES = np.array([[0.5, 0.25, 0.25], [np.nan, np.nan, np.nan]])


def targets(labels=THREE, votes=VOTES, y_true=Y_TRUE, **settings):
    return training_targets(y_true, votes, labels, TrainingConfig(**settings)).tolist()


def test_labels_are_the_targets_though_there_are_votes():
    assert targets() == [[1, 0, 0], [0, 0, 1]]


def test_votes_are_the_targets_where_an_image_has_them():
    assert targets(targets="votes") == [[0.5, 0.25, 0.25], [0, 0, 1]]
    assert targets(targets="votes", votes=None) == [[1, 0, 0], [0, 0, 1]]


def test_the_mean_of_both_is_between_them():
    assert targets(targets="both") == [[0.75, 0.125, 0.125], [0, 0, 1]]


def test_smoothing_spreads_a_share_over_all_emotions():
    np.testing.assert_allclose(targets(label_smoothing=0.3), [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(targets(label_smoothing=0.3, targets="votes")[0], [0.45, 0.275, 0.275], rtol=1e-6)


def test_with_two_emotions_a_target_is_the_probability_of_the_second():
    assert targets(TWO, None, np.array([0, 1])) == [[0], [1]]
    np.testing.assert_allclose(targets(TWO, None, np.array([0, 1]), label_smoothing=0.1), [[0.05], [0.95]], rtol=1e-6)


def test_validation_is_against_the_labels_themselves():
    assert validation_targets(Y_TRUE, THREE).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert validation_targets(np.array([0, 1]), TWO).tolist() == [[0], [1]]
