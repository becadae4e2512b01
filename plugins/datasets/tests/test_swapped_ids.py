"""A loader that swaps two classes is found, whichever two; and the class order is the scheme's, never a dataset's."""

import importlib

import pytest
from emoclass_datasets import register_datasets

from emoclass import LabelScheme
from emoclass.data.index import index
from emoclass.data.labeled import LabeledPixels
from emoclass.data.split import Split
from emoclass.testing import CheckFailed, collect_checks
from emoclass.values.config import DataConfig
from emoclass.values.labels import canonical
from emoclass.values.references import resolve

SPECS = {spec.name: spec for spec in register_datasets()}
ROUND_TRIPS = {check.target: check for check in collect_checks("datasets") if check.name == "check_tiny_round_trips"}


def loader(spec):
    return importlib.import_module(spec.load.partition(":")[0])


def swaps():
    """Return, for each code of each dataset, the next one in its table that means something else."""
    found = []
    for spec in SPECS.values():
        meaning = {code: canonical(word) or word for code, word in spec.codes.items()}
        for place, one in enumerate(codes := [*meaning]):
            other = next(code for code in codes[place:] + codes if meaning[code] != meaning[one])
            found.append(pytest.param(spec, one, other, id=f"{spec.name}-{one}-{other}"))
    return found


@pytest.mark.parametrize(("spec", "one", "other"), swaps())
def test_the_round_trip_fails_when_a_loader_swaps_two_ids(spec, one, other, monkeypatch):
    codes = loader(spec).CODES
    monkeypatch.setattr(loader(spec), "CODES", {**codes, one: codes[other], other: codes[one]})
    with pytest.raises(CheckFailed, match="as make_tiny wrote it"):
        ROUND_TRIPS[spec.name]()


@pytest.mark.parametrize("name", SPECS)
def test_the_round_trip_passes_when_nothing_is_swapped_and_compares_every_class(name, tmp_path):
    ROUND_TRIPS[name]()
    written = resolve(SPECS[name].make_tiny)(tmp_path)
    meant = {canonical(word) or word for word in SPECS[name].codes.values()}
    assert meant <= {canonical(word) or word for word in written.values()}


@pytest.mark.parametrize("name", SPECS)
def test_what_a_description_says_of_the_classes_is_what_its_loader_uses(name):
    spec = SPECS[name]
    assert dict(spec.codes) == dict(loader(spec).CODES)
    assert {canonical(word) for word in spec.codes.values() if word not in spec.not_emotions} == set(spec.emotions)


@pytest.mark.parametrize("name", SPECS)
def test_the_class_order_is_the_schemes_and_not_that_of_ids_or_folders(name, tmp_path):
    spec = SPECS[name]
    written = {each: canonical(word) for each, word in resolve(spec.make_tiny)(tmp_path).items()}
    for emotions in (sorted(spec.emotions), sorted(spec.emotions, reverse=True)):
        labels = LabelScheme(emotions=tuple(emotions))
        samples = index(spec, DataConfig(dataset=name, root=tmp_path), labels).samples
        assert len(samples) > 2 * len(emotions)
        split = Split(samples=samples, sides=("train",) * len(samples))
        y_true = LabeledPixels(split, labels, None, None).y_true("train")
        assert y_true.tolist() == [emotions.index(written[sample.id]) for sample in samples]
