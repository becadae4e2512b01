"""Where a dataset refuses a folder, the error names the commands that read it."""

import pytest
from emoclass_datasets import register_datasets
from emoclass_datasets.tiny import draw

from emoclass.cli.evaluate import evaluate
from emoclass.cli.run import run
from emoclass.errors import DataError
from emoclass.values.references import resolve

SPECS = {spec.name: spec for spec in register_datasets()}


def refusal(name, root):
    with pytest.raises(DataError) as caught:
        list(resolve(SPECS[name].load)(root))
    return caught.value.hint


@pytest.mark.parametrize(
    "other", ["ck48", "ckplus", "expw", "jaffe", "kdef", "muxspace", "ferplus", "fer2013", "rafdb"]
)
def test_the_dataset_that_reads_a_folder_is_named(other, tmp_path):
    resolve(SPECS[other].make_tiny)(tmp_path)
    name = "affectnet" if other != "ck48" else "jaffe"
    assert refusal(name, tmp_path).startswith(
        f"`emoclass run --dataset {other} --data {tmp_path}` reads it, and so does "
        f"`emoclass evaluate MODEL --on {other}={tmp_path}`. "
    )


def test_a_dataset_with_one_odd_file_is_not_called_a_folder_of_each_emotion(tmp_path):
    resolve(SPECS["ck48"].make_tiny)(tmp_path)  # there, nothing would keep persons together
    (tmp_path / "CK+48/happy/odd.png").touch()
    assert refusal("ck48", tmp_path) == "Fix or remove it, or unpack the owner's files again."


@pytest.mark.parametrize("name", ["expw", "ck48", "jaffe", "kdef", "muxspace", "ckplus"])
def test_a_folder_of_each_emotion_is_read_by_folder(name, tmp_path):
    for word in ("happy", "sad"):
        draw(tmp_path / word / "1.png")
    assert "`emoclass run --dataset folder --data " in refusal(name, tmp_path)


def test_where_nothing_reads_a_folder_no_command_is_named_and_no_hint_names_an_option(tmp_path):
    options = {option for command in (run, evaluate) for each in command.params for option in each.opts}
    assert {"--dataset", "--data", "--on"} <= options
    for name in SPECS:
        hint = refusal(name, tmp_path)
        assert "`emoclass" not in hint and "--" not in hint
        assert hint.startswith("Its layout is")
