"""Plant altered copies among a folder's images, and see which of them the search for duplicates finds; and time it.

    python benchmarks/duplicates.py recall ROOT [--planted 500] [--images 3000]
    python benchmarks/duplicates.py growth ROOT [--sizes 3000 10000 30000]
    python benchmarks/duplicates.py hashes ROOT [--planted 500] [--others OTHER]

`recall` plants so many copies of each kind among so many of the images, one kind after another. A copy counts as found
where it is paired with its source, or with a copy of the source that was there before; a pair of a planted image with
anything else is false. `growth` searches that many images, as they are, each size in a process of its own. `hashes`
looks for so many copies of each kind, and for the images of another dataset, by the hashes of all images.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from alterations import ALTERATIONS
from PIL import ImageOps

from emoclass.auditing.duplicates import clusters, find_pairs
from emoclass.auditing.fingerprint import fingerprint
from emoclass.auditing.hashes import find_hashed, from_file, hash_thumbnails, to_file
from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import SUFFIXES, quiet_decoders, read_picture


def listed(root: Path, n: int | None, seed: int = 0) -> list[Path]:
    """Return n of a folder's images, drawn at random, or all."""
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    if n is not None and n < len(paths):
        chosen = np.random.default_rng(seed).permutation(len(paths))[:n]
        return [paths[i] for i in sorted(chosen)]
    return paths


def search(n: int, read: Callable[[int], bytes]) -> tuple[list[tuple[int, int]], float, float]:
    """Return the pairs among n images, and the seconds that fingerprints and search took."""
    started = time.perf_counter()
    threads = available_threads()
    with quiet_decoders():
        prints = list(ordered_map(lambda i: fingerprint(read(i), path=f"{i:06d}"), range(n), threads))
        between = time.perf_counter()
        pairs = find_pairs(prints, read, threads=threads)
    return [(pair.first, pair.second) for pair in pairs], between - started, time.perf_counter() - between


def recall(root: Path, planted: int, n_images: int | None) -> None:
    paths = listed(root, n_images)
    files = [path.read_bytes() for path in paths]
    pairs, *_ = search(len(files), lambda i: files[i])
    natural = {i: number for number, cluster in enumerate(clusters_of(pairs)) for i in cluster}
    print(
        f"{root.name}: {len(files):,} images, {len(set(natural.values())):,} groups of copies among them as they are\n"
    )
    print(f"{'kind':34}{'planted':>8}{'found':>8}{'recall':>8}{'pairs':>8}{'false':>8}{'precision':>11}")
    total = np.zeros(4, int)
    for kind, alter in ALTERATIONS.items():
        rng = np.random.default_rng(7)
        sources = [int(i) for i in rng.permutation(len(files))] * (planted // len(files) + 1)
        copies = []
        for source in sources[:planted]:
            picture = read_picture(files[source], path=paths[source].name)
            gray = ImageOps.grayscale(picture)
            is_gray = np.array_equal(np.asarray(gray.convert("RGB")), np.asarray(picture))
            copies.append(alter(gray if is_gray else picture, rng))
        every = files + copies
        pairs, *_ = search(len(every), lambda i, every=every: every[i])
        total += counted(kind, pairs, sources[:planted], len(files), natural)
    n, found, told, false = total
    print(f"{'all':34}{n:8,}{found:8,}{found / n:8.3f}{told:8,}{false:8,}{1 - false / told:11.3f}")


def counted(
    kind: str, pairs: Sequence[tuple[int, int]], sources: Sequence[int], n: int, natural: dict[int, int]
) -> tuple[int, int, int, int]:
    """Print and return how many copies were planted and found, and how many pairs of planted images are false."""

    def picture(i: int) -> tuple[str, int]:
        source = i if i < n else sources[i - n]
        return ("group", natural[source]) if source in natural else ("image", source)

    of_planted = [(a, b) for a, b in pairs if b >= n or a >= n]
    false = sum(picture(a) != picture(b) for a, b in of_planted)
    group = {i: number for number, cluster in enumerate(clusters_of(pairs)) for i in cluster}
    found = sum(n + i in group and group.get(source) == group[n + i] for i, source in enumerate(sources))
    told = len(of_planted)
    precision = 1 - false / told if told else 1.0
    print(
        f"{kind:34}{len(sources):8,}{found:8,}{found / len(sources):8.3f}{told:8,}{false:8,}{precision:11.3f}",
        flush=True,
    )
    return len(sources), found, told, false


def clusters_of(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    from emoclass.auditing.duplicates import Pair

    return clusters([Pair(a, b, "near", 1.0, None) for a, b in pairs])


def growth(root: Path, sizes: Sequence[int]) -> None:
    print(
        f"{'images':>8}{'fingerprints':>14}{'search':>10}{'all':>10}{'ms an image':>13}{'pairs':>8}{'peak memory':>13}"
    )
    for size in sizes:
        subprocess.run([sys.executable, __file__, "once", str(root), "--images", str(size)], check=True)


def once(root: Path, n: int) -> None:
    paths = listed(root, n)
    pairs, prints, found = search(len(paths), lambda i: paths[i].read_bytes())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = prints + found
    print(
        f"{len(paths):8,}{prints:12.1f} s{found:8.1f} s{total:8.1f} s{1000 * total / len(paths):13.2f}{len(pairs):8,}"
        f"{peak:9.0f} MiB",
        flush=True,
    )


def hashes(root: Path, planted: int, others: Path | None) -> None:
    paths = listed(root, None)

    def thumbs(files: Iterable[bytes]) -> dict[str, np.ndarray]:
        with quiet_decoders():
            prints = ordered_map(lambda each: fingerprint(each, path="image"), files, available_threads())
            return {str(number): each.thumb for number, each in enumerate(prints)}

    hashed = hash_thumbnails(thumbs(path.read_bytes() for path in paths))
    content = to_file(hashed.values())
    print(f"{root.name}: {len(paths):,} images, {len(paths) - len(hashed):,} without a hash, {len(content):,} bytes\n")
    known = from_file(content)
    sources = [paths[i] for i in np.random.default_rng(7).permutation(len(paths))[:planted]]
    print(f"{'kind':34}{'copies':>8}{'found':>8}{'recall':>8}")
    for kind, alter in ALTERATIONS.items():
        rng = np.random.default_rng(7)
        copies = [alter(read_picture(path.read_bytes(), path=path.name), rng) for path in sources]
        found = len(find_hashed(thumbs(copies), known))
        print(f"{kind:34}{len(copies):8,}{found:8,}{found / len(copies):8.3f}", flush=True)
    if others is not None:
        strange = thumbs(path.read_bytes() for path in listed(others, None))
        started = time.process_time()
        found = len(find_hashed(strange, known))
        seconds = time.process_time() - started
        print(f"\n{others.name}: {found:,} of {len(strange):,} images match; {seconds:.1f} s of processor time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("recall", "growth", "hashes", "once"))
    parser.add_argument("root", type=Path)
    parser.add_argument("--planted", type=int, default=500)
    parser.add_argument("--images", type=int)
    parser.add_argument("--others", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3000, 10_000, 30_000])
    given = parser.parse_args()
    if given.what == "recall":
        recall(given.root, given.planted, given.images)
    elif given.what == "growth":
        growth(given.root, given.sizes)
    elif given.what == "hashes":
        hashes(given.root, given.planted, given.others)
    else:
        once(given.root, given.images)


if __name__ == "__main__":
    main()
