"""Checks of a dataset, on the few images that its `make_tiny` writes."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from emoclass.errors import DataError, EmoclassError
from emoclass.testing.case import Case
from emoclass.testing.checks import spec
from emoclass.testing.tiny import list_samples, make_tiny, write_tiny
from emoclass.values.labels import canonical
from emoclass.values.references import resolve
from emoclass.values.specs import DatasetSpec, Sample

MIN_PER_EMOTION = 3
"""A split needs one image of each emotion in each of its three parts."""


def check_tiny_can_be_made(case: Case[DatasetSpec]) -> None:
    """`make_tiny(root)` writes a few images in the dataset's true format into an empty folder.

    Without it the loader can only be tested by those who have the data.
    """
    spec = case.spec
    if not spec.needs_root:
        case.skip("the dataset takes no folder")
    if spec.make_tiny is None:
        case.fail(
            expected="make_tiny",
            got="none",
            change="Write a function that writes a few synthetic images in the dataset's own layout.",
        )
    root = case.folder("tiny")
    written = resolve(spec.make_tiny)(root)
    if not any(root.rglob("*")):
        case.fail(expected="make_tiny to write files below root", got="an empty folder", change="Write below root.")
    if written is not None and not isinstance(written, Mapping):
        case.fail(
            expected="make_tiny to return None or a mapping of sample id to emotion",
            got=type(written).__name__,
            change="Return what was written, so that the labels can be compared.",
        )


def check_tiny_round_trips(case: Case[DatasetSpec]) -> None:
    """`load` finds what `make_tiny` wrote: every image decodes and has the emotion that it was written with.

    A loader that swaps two classes trains without complaint and is wrong ever after. The emotions are compared
    where `make_tiny` returns them. Nothing is printed meanwhile.
    """
    from emoclass.data.pixels import decode

    with case.silent("make_tiny and load"):
        root, written = write_tiny(case)
        samples = list_samples(case.spec, root)
    if not samples:
        case.fail(expected="load to list samples", got="none", change="List every image below root.")
    for sample in samples:
        if not isinstance(sample, Sample):
            case.fail(expected="load to yield Samples", got=type(sample).__name__, change="Yield emoclass.Sample.")
    counts = Counter(canonical(each.emotion) or each.emotion for each in samples)
    few = [emotion for emotion, count in counts.items() if count < MIN_PER_EMOTION]
    if few:
        case.fail(
            expected=f"at least {MIN_PER_EMOTION} images of each emotion",
            got=f"fewer of {', '.join(few)}",
            change="Let make_tiny write more: a split needs them.",
        )
    decoded = decode(samples, case.spec, root, (32, 32, 3), cache_file=case.scratch / "pixels", cache_bytes=2**26)
    decoded.pixels.close()
    if decoded.skipped:
        first = decoded.skipped[0]
        case.fail(
            expected="every listed image to be readable",
            got=f"{first.path}: {first.reason}",
            change="Fix the path, read_sample, or what make_tiny writes.",
        )
    if written is not None:
        _compare(case, samples, written)
    elif root is not None:
        case.skip("all is readable, but make_tiny returns no emotions that those of load could be compared with")


def _compare(case: Case[DatasetSpec], samples: list[Sample], words: Mapping[str, str]) -> None:
    found = {sample.id: canonical(sample.emotion) or sample.emotion for sample in samples}
    written = {name: canonical(word) or word for name, word in words.items()}
    if found.keys() != written.keys():
        odd = sorted(found.keys() ^ written.keys())
        case.fail(
            expected=f"load to list the {len(written)} samples that make_tiny wrote",
            got=f"{len(found)}; the ids differ in {', '.join(odd[:5])}",
            change="List each image once, by the ids that make_tiny returns.",
        )
    for name, emotion in written.items():
        if found[name] != emotion:
            case.fail(
                expected=f"sample {name!r} to be {emotion!r}, as make_tiny wrote it",
                got=repr(found[name]),
                change="Fix the mapping from the dataset's classes to emotions.",
            )


def check_ids_are_unique(case: Case[DatasetSpec]) -> None:
    """No two samples have one id.

    Splits, predictions and reports name images by their ids.
    """
    ids = Counter(sample.id for sample in make_tiny(case).samples)
    repeated = [name for name, count in ids.items() if count > 1]
    if repeated:
        case.fail(
            expected="unique ids",
            got=f"{repeated[0]!r} {ids[repeated[0]]} times",
            change="Build the id from what distinguishes the images, such as the path or the row.",
        )


def check_paths_stay_inside(case: Case[DatasetSpec]) -> None:
    """Every path is relative, has forward slashes and stays inside the root.

    A path that leaves the root reads files that the user never named.
    """
    if case.spec.reads_outside_root:
        case.skip("the dataset declares that it reads outside its root")
    tiny = make_tiny(case)
    for sample in tiny.samples:
        path = PurePosixPath(sample.path)
        inside = path.parts and ".." not in path.parts and not path.is_absolute()
        if not inside or "\\" in sample.path or PureWindowsPath(sample.path).drive:
            case.fail(
                expected="paths relative to the root, with forward slashes, inside it",
                got=repr(sample.path),
                change="Use path.relative_to(root).as_posix().",
            )
        if tiny.root is not None and tiny.root.resolve() not in (tiny.root / path).resolve().parents:
            case.fail(
                expected="paths inside the root",
                got=f"{sample.path!r}, a link that leads out of it",
                change="Follow no links out of the root.",
            )


def check_emotions_are_declared(case: Case[DatasetSpec]) -> None:
    """Every sample's emotion, or what its word stands for, is one of the spec's `emotions`, or in `not_emotions`.

    Users choose labels by what a dataset says that it holds.
    """
    for sample in make_tiny(case).samples:
        emotion = canonical(sample.emotion, case.spec.emotions)
        if emotion not in case.spec.emotions and sample.emotion not in case.spec.not_emotions:
            meaning = f" ({emotion})" if emotion and emotion != sample.emotion else ""
            case.fail(
                expected=f"emotions among {', '.join(case.spec.emotions)}",
                got=f"{sample.emotion!r}{meaning} for sample {sample.id!r}",
                change="Declare it in the spec's emotions, or fix the loader.",
            )


def check_splits_and_groups_agree(case: Case[DatasetSpec]) -> None:
    """There is an official split for all samples or for none, and no group stands on two sides of it.

    A person who is both trained on and tested on makes the test easier than life.
    """
    samples = make_tiny(case).samples
    n_split = sum(sample.split is not None for sample in samples)
    if 0 < n_split < len(samples):
        case.fail(
            expected="an official split for all samples or for none",
            got=f"one for {n_split} of {len(samples)}",
            change="Give the split of every sample, or of none.",
        )
    sides: dict[str, str | None] = {}
    for sample in samples:
        if sample.group is None:
            continue
        if not sample.group:
            case.fail(
                expected="a group to have a name",
                got=f"an empty one for sample {sample.id!r}",
                change="Use None where the group is not known.",
            )
        side = sides.setdefault(sample.group, sample.split)
        if side != sample.split:
            case.fail(
                expected="each group on one side of the official split",
                got=f"group {sample.group!r} in {side} and in {sample.split}",
                change="Fix the groups, or leave the leaking split out.",
            )


def check_listing_is_repeatable(case: Case[DatasetSpec]) -> None:
    """Listing a folder again gives the same samples, and a copy of it elsewhere, in another process, the same ids.

    A run is resumed by listing the data again, perhaps after they were moved.
    """
    tiny = make_tiny(case)
    first = {sample.id: sample for sample in tiny.samples}
    files = _files(tiny.root)
    second = {sample.id: sample for sample in list_samples(case.spec, tiny.root)}
    changed = [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)]
    if changed:
        case.fail(
            expected="the same samples each time",
            got=f"another answer for {sorted(changed)[0]!r} the second time",
            change="Make ids of paths or rows, and draw nothing at random without a fixed seed.",
        )
    if _files(tiny.root) != files:
        case.fail(
            expected="listing to leave the folder as it is",
            got=f"{sorted(_files(tiny.root) ^ files)[0]!r} that came or went",
            change="Do not write into the data folder.",
        )
    if case.plugin.entry is None:
        return  # no other process can import it
    copy = "" if tiny.root is None else str(shutil.copytree(tiny.root, case.scratch / "copy"))
    elsewhere = case.ask_afresh("samples", case.spec.name, copy)
    odd = sorted(first.keys() ^ set(elsewhere))
    if odd:
        case.fail(
            expected="the same ids in a copy of the folder and in another process",
            got=f"{odd[0]!r} in one of them alone",
            change="Make ids of paths relative to the root, or of rows, and never of hash().",
        )


def _files(root: Path | None) -> set[str]:
    return set() if root is None else {path.relative_to(root).as_posix() for path in root.rglob("*")}


def check_votes_are_counts(case: Case[DatasetSpec]) -> None:
    """Where samples have votes, these are numbers from 0 on, for declared emotions or words that are no emotion.

    Metrics turn them into shares.
    """
    samples = [sample for sample in make_tiny(case).samples if sample.votes is not None]
    if not samples:
        case.skip("the dataset has no votes")
    for sample in samples:
        votes = dict(sample.votes or {})
        if not all(math.isfinite(count) and count >= 0 for count in votes.values()):
            case.fail(
                expected="votes of 0 or more",
                got=f"{votes} for sample {sample.id!r}",
                change="Give counts of annotators, or their shares.",
            )
        for word in votes:
            emotion = canonical(word)
            if emotion is not None and emotion not in case.spec.emotions:
                case.fail(
                    expected=f"votes on {', '.join(case.spec.emotions)}",
                    got=f"one on {word!r} for sample {sample.id!r}",
                    change="Declare it in the spec's emotions, or fix the loader.",
                )


def check_missing_root_is_a_data_error(case: Case[DatasetSpec]) -> None:
    """Loading a folder that is not there raises a DataError.

    A wrong path is a user's most frequent mistake: it deserves a sentence, not a traceback.
    """
    if not case.spec.needs_root:
        case.skip("the dataset takes no folder")
    for root in (case.scratch / "absent", case.folder("empty")):
        what = "a folder that is not there" if root.name == "absent" else "an empty folder"
        try:
            samples = list_samples(case.spec, root)
        except DataError:
            continue
        except EmoclassError as error:
            got = f"{type(error).__name__}: {error.message}"
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
        else:
            if root.name == "empty" and not samples:
                continue  # the framework says that there are none
            got = f"{len(samples)} samples"
        case.fail(
            expected=f"a DataError for {what}",
            got=got,
            change="Raise emoclass.errors.DataError, with a hint that says where the data comes from.",
        )


CHECKS = (
    *spec.CHECKS,
    *spec.CODE_CHECKS,
    check_tiny_can_be_made,
    check_tiny_round_trips,
    check_ids_are_unique,
    check_paths_stay_inside,
    check_emotions_are_declared,
    check_splits_and_groups_agree,
    check_listing_is_repeatable,
    check_votes_are_counts,
    check_missing_root_is_a_data_error,
)
