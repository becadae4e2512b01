from __future__ import annotations

import pytest

from emoclass.bundle.hashes import SeenBefore
from emoclass.reporting.write_run import note_of_start


@pytest.mark.parametrize(
    ("seen", "is_complete", "said"),
    [
        ("", True, "It had seen none of the 2 test images, by the hashes of its training images."),
        ("a", True, "It had seen 1 of the 2 test images, by the hashes of its training images."),
        ("a", False, "It had seen at least 1 of the 2 test images. It is not known whether that one had seen others;"),
        ("", False, "It is not known whether that one had seen some of these images;"),
        ("ab", True, "It had seen 2 of the 2 test images, by the hashes of its training images."),
        # No others are left that it could have seen.
        ("ab", False, "It had seen 2 of the 2 test images, by the hashes of its training images."),
    ],
)
def test_the_note_says_what_a_trained_model_had_seen_of_the_test_images(seen, is_complete, said):
    note = note_of_start("pretrained", [], SeenBefore(frozenset(seen), is_complete), 2)
    assert f"(pretrained). {said}" in note
    assert note.endswith(said if said.endswith(".") else "the metrics are optimistically biased.")


def test_a_note_names_a_model_without_its_path():
    note = note_of_start("/home/anna/runs/mine/bundle", ["folder"], SeenBefore(), 2)
    assert note.startswith("The model was fine-tuned from a trained model (mine, trained on folder). ")
