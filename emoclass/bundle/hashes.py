"""The hashes in a bundle: which images its model has seen, for those who have the bundle and not the images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoclass.auditing.hashes import N_BYTES, Hashes, Thumbs, find_hashed, from_file, to_file
from emoclass.bundle.manifest import HASHES, MAX_HASHES
from emoclass.bundle.read import Bundle
from emoclass.errors import BundleError
from emoclass.progress import Progress


def write_hashes(
    folder: Path, ids: Iterable[str], hashed: Mapping[str, bytes], learned_from: Sequence[Bundle | None] = ()
) -> dict[str, Any] | None:
    """Write the hashes of the images that a model has seen into its bundle's folder.

    Args:
        folder: The bundle's.
        ids: The model's training and validation images.
        hashed: Id -> hash, of images that show enough.
        learned_from: The bundles of the models that it learned from, whose hashes are added; None for one that is gone.

    Returns:
        What the manifest says of it; None where nothing was written: there are no hashes, or too many.

    Raises:
        BundleError: The hashes of another bundle are damaged.
    """
    wanted = set(ids)
    own = [hashed[each] for each in wanted if each in hashed]
    others = [None if bundle is None else read_hashes(bundle) for bundle in learned_from]
    content = to_file([*own, *(row.tobytes() for each in others if each is not None for row in each)])
    if not own or len(content) > MAX_HASHES * N_BYTES:
        return None
    (folder / HASHES).write_bytes(content)
    return {
        "n_images": len(wanted),
        "n_without": len(wanted) - len(own),
        "complete": all(bundle is not None and bundle.manifest.hashes_are_complete for bundle in learned_from),
    }


def read_hashes(bundle: Bundle) -> Hashes | None:
    """Return the hashes of the images that a model has seen; None where its bundle has none.

    Raises:
        BundleError: The file is damaged, or too large.
    """
    entry = bundle.manifest.files.get(HASHES)
    if entry is None:
        return None
    if entry.bytes > MAX_HASHES * N_BYTES:
        raise BundleError(
            f"bundle {bundle.path}: {HASHES}: expected at most {MAX_HASHES * N_BYTES} bytes, got {entry.bytes}."
        )
    try:
        return from_file(bundle.content(HASHES))
    except ValueError as error:
        raise BundleError(f"bundle {bundle.path}: {HASHES}: {error}.") from error


@dataclass(frozen=True)
class SeenBefore:
    """Images that trained models have seen.

    Attributes:
        ids: Theirs.
        is_complete: Whether the hashes are those of all images that the models have seen.
    """

    ids: frozenset[str] = frozenset()
    is_complete: bool = True


def find_seen(
    thumbs: Mapping[str, Thumbs],
    bundles: Iterable[Bundle | None],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> SeenBefore:
    """Find the images that trained models have seen, by the hashes in their bundles.

    Args:
        thumbs: Id -> uint8 `(32, 32)`, gray.
        bundles: Of the models; None for one that is gone.
        threads: Processor threads; None takes those that this process may use.
        progress: Progress callback.

    Raises:
        BundleError: The hashes of a bundle are damaged.
    """
    ids, is_complete = frozenset[str](), True
    for bundle in bundles:
        hashes = None if bundle is None else read_hashes(bundle)
        if hashes is not None:
            ids |= find_hashed(thumbs, hashes, threads=threads, progress=progress)
        is_complete = is_complete and bundle is not None and bundle.manifest.hashes_are_complete
    return SeenBefore(ids, is_complete)
