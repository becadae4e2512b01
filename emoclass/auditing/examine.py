"""Look at every image of a dataset: which can be read, which look wrong, and which are one picture."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoclass.auditing.duplicates import Pair, clusters, find_pairs
from emoclass.auditing.findings import Audit, Copy, CopyPair, Groups, Sizes, Spread, meaning
from emoclass.auditing.fingerprint import Fingerprint, fingerprint
from emoclass.auditing.suspicious import suspicions
from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import quiet_decoders
from emoclass.data.index import note_of_outside
from emoclass.data.pixels import reader
from emoclass.data.split import SPLITS
from emoclass.errors import UnreadableImageError
from emoclass.progress import Progress
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample

N_COMMONEST = 5


def examine(
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    unlisted: str | None = None,
) -> Audit:
    """Audit images; nothing is written, and of each image only a fingerprint stays in memory.

    Args:
        samples: The images. Any word will do as `emotion`; an empty one stands for an image without a label. Copies
            and groups are held against the official `split`.
        spec: Their dataset.
        root: Its folder.
        threads: Processor threads; None takes those that this process may use.
        progress: Progress callback.
        unlisted: What the dataset does not list, for `Audit.unlisted`.

    Raises:
        ContractError: The dataset's `read_sample` returns no bytes.
    """
    return examine_with_thumbnails(samples, spec, root, threads=threads, progress=progress, unlisted=unlisted)[0]


def examine_with_thumbnails(
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    unlisted: str | None = None,
) -> tuple[Audit, dict[str, NDArray[np.uint8]]]:
    """Audit images as `examine` does; return the thumbnails of the readable ones as well, by id: uint8 `(32, 32)`."""
    progress = progress or Progress()
    threads = threads or available_threads()
    called = names(samples)
    positions, prints, unreadable = _fingerprints(samples, called, spec, root, threads, progress)
    read = reader(spec, root)
    with quiet_decoders():
        pairs = find_pairs(prints, lambda number: read(samples[positions[number]]), progress=progress, threads=threads)
    readable = [samples[position] for position in positions]
    paths = [called[position] for position in positions]
    suspicious = [
        SkippedFile(path=path, reason=", ".join(reasons))
        for sample, path, seen in zip(readable, paths, prints, strict=True)
        if (reasons := _suspicions(seen, sample, spec))
    ]
    found = Audit(
        dataset=spec.name,
        root=root,
        n_images=len(samples),
        torn_groups=_torn(readable),
        unreadable=tuple(unreadable),
        suspicious=tuple(suspicious),
        balance=_counted(sample.emotion for sample in readable if sample.emotion),
        splits={
            split: _counted(sample.emotion for sample in readable if sample.split == split)
            for split in SPLITS
            if any(sample.split == split for sample in readable)
        },
        sizes=_sizes(prints),
        modes=_counted(seen.mode for seen in prints),
        formats=_counted(seen.format for seen in prints),
        unlisted=unlisted,
        notes=tuple(note for note in [note_of_outside(spec, root, samples)] if note),
    )
    thumbs = {sample.id: seen.thumb for sample, seen in zip(readable, prints, strict=True)}
    return found.model_copy(update=_groups(pairs, readable, paths, prints)), thumbs


def thumbnails(
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, NDArray[np.uint8]]:
    """Return the thumbnails of the readable images, by id: uint8 `(32, 32)`, gray."""
    positions, prints, _ = _fingerprints(
        samples, names(samples), spec, root, threads or available_threads(), progress or Progress()
    )
    return {samples[position].id: seen.thumb for position, seen in zip(positions, prints, strict=True)}


def _fingerprints(
    samples: Sequence[Sample],
    called: Sequence[str],
    spec: DatasetSpec,
    root: Path | None,
    threads: int,
    progress: Progress,
) -> tuple[list[int], list[Fingerprint], list[SkippedFile]]:
    """Read every image; return the positions and fingerprints of those that are readable, and the others."""
    read = reader(spec, root)

    def one(position: int) -> Fingerprint | str:
        try:
            return fingerprint(read(samples[position]), path=called[position])
        except UnreadableImageError as error:
            return error.reason

    positions: list[int] = []
    prints: list[Fingerprint] = []
    unreadable: list[SkippedFile] = []
    outcomes = ordered_map(one, range(len(samples)), threads)
    with quiet_decoders(), closing(outcomes):
        for position, outcome in enumerate(progress.track(outcomes, title="Reading", total=len(samples))):
            if isinstance(outcome, str):
                unreadable.append(SkippedFile(path=called[position], reason=outcome))
            else:
                positions.append(position)
                prints.append(outcome)
    return positions, prints, unreadable


def names(samples: Sequence[Sample]) -> list[str]:
    """Return what each image is called: its path, or its id in a dataset where several share a path."""
    shared = len({sample.path for sample in samples}) < len(samples)
    return [sample.id if shared else sample.path for sample in samples]


def pictures(samples: Sequence[Sample], spec: DatasetSpec, root: Path | None) -> Callable[[str], bytes]:
    """Return what reads an encoded image by what an audit calls it."""
    read = reader(spec, root)
    sample_of = dict(zip(names(samples), samples, strict=True))
    return lambda name: read(sample_of[name])


def _groups(
    pairs: Sequence[Pair], samples: Sequence[Sample], paths: Sequence[str], prints: Sequence[Fingerprint]
) -> dict[str, object]:
    """Return the fields of an audit that follow from the pairs: in each group, and of the groups, paths rise."""
    whole = [sorted(cluster, key=lambda each: paths[each]) for cluster in clusters(pairs)]
    whole.sort(key=lambda cluster: paths[cluster[0]])
    exact = [sorted(paths[each] for each in cluster) for cluster in clusters([p for p in pairs if p.kind != "near"])]
    changed = {each for pair in pairs if pair.kind == "near" for each in (pair.first, pair.second)}

    def called(chosen: Callable[[list[int]], bool]) -> Groups:
        return tuple(tuple(paths[each] for each in cluster) for cluster in whole if chosen(cluster))

    def differ(words: set[str | None]) -> bool:
        return len(words - {None}) > 1

    return {
        "exact": tuple(sorted(map(tuple, exact))),
        "near": called(lambda cluster: not changed.isdisjoint(cluster)),
        "label_conflicts": called(lambda cluster: differ({meaning(samples[each].emotion) for each in cluster})),
        "crossing": called(lambda cluster: differ({samples[each].split for each in cluster})),
        "clusters": tuple(tuple(samples[each].id for each in cluster) for cluster in whole),
        "copies": {
            samples[each].id: Copy(
                path=paths[each],
                label=samples[each].emotion or None,
                split=samples[each].split,
                width=prints[each].width,
                height=prints[each].height,
            )
            for cluster in whole
            for each in cluster
        },
        "pairs": tuple(
            CopyPair(
                first=samples[pair.first].id,
                second=samples[pair.second].id,
                kind=pair.kind,
                similarity=pair.similarity,
                change=pair.change,
            )
            for pair in pairs
        ),
    }


def _torn(samples: Sequence[Sample]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        if sample.group is not None and sample.split is not None:
            found[sample.group].add(sample.split)
    return {
        group: tuple(split for split in SPLITS if split in where)
        for group, where in sorted(found.items())
        if len(where) > 1
    }


def _suspicions(seen: Fingerprint, sample: Sample, spec: DatasetSpec) -> list[str]:
    # Of a dataset that reads its images in a way of its own, the bytes need not be those of the file.
    is_file = spec.read_sample is None or (spec.reads_outside_root and sample.box is None)
    path = sample.path if is_file else None
    return list(suspicions(width=seen.width, height=seen.height, flat=seen.flat, file_format=seen.format, path=path))


def _counted(words: Iterable[str]) -> Mapping[str, int]:
    """Count words, the most frequent first."""
    return dict(Counter(words).most_common())


def _sizes(prints: Sequence[Fingerprint]) -> Sizes | None:
    if not prints:
        return None
    counts = Counter((seen.width, seen.height) for seen in prints)
    return Sizes(
        width=_spread([seen.width for seen in prints]),
        height=_spread([seen.height for seen in prints]),
        different=len(counts),
        commonest={f"{width}x{height}": count for (width, height), count in counts.most_common(N_COMMONEST)},
    )


def _spread(values: Sequence[int]) -> Spread:
    return Spread(min=min(values), median=statistics.median(values), max=max(values))
