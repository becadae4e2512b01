"""`emoclass predict`: what it refuses, tells, and exits with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from predicting import ALL, listed, run

from emoclass.cli import main
from emoclass.errors import BundleError, ConfigError
from emoclass.values.results import Unreadable


def test_labels_leave_a_choice_among_some(crop_bundle, photos):
    (full,), (short,) = (
        listed(crop_bundle, "photos/b.png"),
        listed(crop_bundle, "photos/b.png", "--labels", "anger,happy"),
    )
    assert list(short["scores"]) == ["angry", "happy"]
    assert sum(short["scores"].values()) == pytest.approx(1)
    assert short["scores"]["happy"] / short["scores"]["angry"] == pytest.approx(
        full["scores"]["happy"] / full["scores"]["angry"]
    )


def test_labels_that_the_model_has_not_are_refused(bundle, crop_bundle, photos):
    with pytest.raises(ConfigError, match=r"labels: .* the model's happy, sad, angry, each once, got bored\."):
        run(crop_bundle, photos, "--labels", "happy,bored")
    with pytest.raises(ConfigError, match=r"got happy\. This model has only two: leave the labels out\."):
        run(bundle, photos, "--labels", "happy")


def test_labels_may_be_a_scheme(crop_bundle, photos):
    with_scheme = run(crop_bundle, photos, "--labels", "HappySad", "--csv")
    assert with_scheme.exit_code == 0
    assert with_scheme.stdout == run(crop_bundle, photos, "--labels", "happy,sad", "--csv").stdout
    with pytest.raises(ConfigError, match=r"the model's happy, sad, angry, each once, got scared, surprised\."):
        run(crop_bundle, photos, "--labels", "basic5")


def test_an_empty_text_is_no_model(bundle, monkeypatch):
    monkeypatch.chdir(bundle)
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "", "photos"])


def test_what_cannot_be_read_gets_a_row_and_the_rest_goes_on(bundle, photos):
    Path("photos/broken.jpg").write_text("no picture")
    result = run(bundle, "photos", "none/*.png")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1].startswith("none/*.png ") and "not read: matches nothing" in lines[1]
    assert "not read: not an image" in lines[4]
    assert lines[-1].startswith("5 images: ") and lines[-1].endswith(", 2 not read")
    assert run(bundle, "photos", "--json").exit_code == 1
    assert run(bundle, "photos/b.png").exit_code == 0


def test_wrong_usage_exits_with_2(bundle, photos):
    assert run(bundle).exit_code == 2
    result = run(bundle, "photos", "--csv", "--json")
    assert (result.exit_code, "cannot be combined" in result.stderr) == (2, True)
    for wrong in (["--top", 0], ["--threads", 0], ["--threads", 257], [""]):
        assert run(bundle, "photos", *wrong).exit_code == 2
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "no-such-plugin", "photos"])
    with pytest.raises(BundleError):
        run("photos", "photos")


def test_whole_photographs_are_told_once_to_a_model_of_crops_that_looks_for_no_faces(bundle, crop_bundle, photos):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (240, 320, 3), np.uint8)).save(f"{name}.png")
    result = run(crop_bundle, "a.png", "b.png", *ALL, "--csv", "--faces", "never")
    assert result.stderr.count("expects aligned face crops") == 1
    assert "a.png (320x240) looks like a whole photograph" in result.stderr
    assert run(bundle, *ALL, "--csv").stderr == ""
    assert run(crop_bundle, *ALL, "--faces", "never").stderr == ""
    Image.fromarray(rng.integers(0, 256, (600, 600, 3), np.uint8)).save("square.png")
    assert "(600x600)" in run(crop_bundle, "square.png", "--faces", "never").stderr


def test_the_command_starts_nothing_slow_and_says_nothing_else(bundle, photos):
    code = (
        "import sys\nfrom emoclass.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit as done:\n"
        "    assert done.code == 0\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib', 'pluggy') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, "predict", str(bundle), "photos/b.png", "--jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["[]"]
    assert done.stderr == ""


def test_ctrl_c_exits_with_130_and_leaves_a_whole_document(bundle, photos, monkeypatch):
    def interrupted(self, items, **options):
        yield Unreadable(path=next(iter(items)), reason="slow")
        raise KeyboardInterrupt

    monkeypatch.setattr("emoclass.inference.classifier.Classifier.predict_batches", interrupted)
    result = run(bundle, "photos/a.JPG", "photos/b.png", "--json")
    assert (result.exit_code, result.stderr) == (130, "\nInterrupted.\n")
    assert json.loads(result.stdout) == [{"path": "photos/a.JPG", "error": "slow"}]


def test_ctrl_c_before_the_first_answer_leaves_an_empty_list(bundle, photos, monkeypatch):
    def interrupted(self, items, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("emoclass.inference.classifier.Classifier.predict_batches", interrupted)
    result = run(bundle, photos, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (130, [])
