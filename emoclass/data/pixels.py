"""Decode every image once, in parallel, and keep the pixels as bytes: in memory or, past a budget, in a file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import quiet_decoders, read_file, read_image
from emoclass.errors import ContractError, OutputError, UnreadableImageError
from emoclass.progress import Progress
from emoclass.values.references import resolve
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample


class PixelCache:
    """Decoded images of one shape, read by row number.

    Args:
        n_images: How many rows there are.
        image_shape: `(height, width, channels)`.
        file: Where the rows are kept; None keeps them in memory. Rows are read with ordinary reads, not
            through a memory map, whose pages would count as this process's memory.

    Raises:
        OutputError: The file cannot be created.
    """

    def __init__(self, n_images: int, image_shape: tuple[int, int, int], file: Path | None = None) -> None:
        self.image_shape = image_shape
        self._n_images = n_images
        self._row_bytes = int(np.prod(image_shape))
        self._path = file
        self._lock = threading.Lock()
        if file is None:
            self._memory: np.ndarray | None = np.empty((n_images, *image_shape), np.uint8)
        else:
            self._memory = None
            try:
                self._file = file.open("w+b", buffering=0)
            except OSError as error:
                raise self._unwritable(error) from error

    def __len__(self) -> int:
        return self._n_images

    def write(self, row: int, pixels: np.ndarray) -> None:
        """Keep one image: uint8 of the cache's shape."""
        if self._memory is not None:
            self._memory[row] = pixels
            return
        left = np.ascontiguousarray(pixels).data.cast("B")
        try:
            with self._lock:
                self._file.seek(row * self._row_bytes)
                while left:  # a nearly full disk takes a part before it refuses the rest
                    left = left[self._file.write(left) :]
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"decoded images: cannot be written to {self._path} ({error.strerror}).",
            hint="Free some space, choose another --out, or raise [runtime] cache_mib.",
        )

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return images as uint8 `(len(rows), height, width, channels)`.

        Raises:
            OutputError: The file is shorter than what was written: somebody else changed it.
        """
        if self._memory is not None:
            return self._memory[np.asarray(rows, dtype=np.intp)]
        batch = np.empty((len(rows), *self.image_shape), np.uint8)
        with self._lock:
            for position, row in enumerate(rows):
                self._file.seek(int(row) * self._row_bytes)
                left = batch[position].data.cast("B")
                while left:
                    n_read = self._file.readinto(left)
                    if not n_read:
                        raise OutputError(f"decoded images: {self._path} ends before image {row}.")
                    left = left[n_read:]
        return batch

    def close(self) -> None:
        """Give the memory back, and remove the file."""
        if self._path is None:
            self._memory = None
        elif not self._file.closed:
            self._file.close()
            self._path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Decoded:
    """What decoding a list of samples gave.

    Attributes:
        pixels: Row i belongs to sample i; the rows of skipped samples hold nothing.
        usable: The rows that could be decoded, in order.
        skipped: The files that could not, with the reason.
        digest: SHA-256 over the ids and the encoded bytes of all samples, in hexadecimal.
    """

    pixels: PixelCache
    usable: tuple[int, ...]
    skipped: tuple[SkippedFile, ...]
    digest: str


def decode(
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    image_shape: tuple[int, int, int],
    *,
    cache_file: Path,
    cache_bytes: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Decoded:
    """Decode samples with a few threads (Pillow works outside Python's lock).

    Args:
        samples: What to decode.
        spec: The dataset, for its `read_sample`.
        root: The dataset's root.
        image_shape: `(height, width, channels)` of the pixels.
        cache_file: Where pixels go that do not fit into memory.
        cache_bytes: How many bytes of pixels fit.
        threads: How many threads; None for one a processor.
        progress: Progress callback, called for every image.

    Raises:
        OutputError: The cache file cannot be written.
        ContractError: The dataset's `read_sample` returns no bytes.
    """
    read = reader(spec, root)
    in_memory = len(samples) * int(np.prod(image_shape)) <= cache_bytes
    pixels = PixelCache(len(samples), image_shape, None if in_memory else cache_file)

    def one(row: int) -> tuple[bytes, str | None]:
        sample = samples[row]
        digest = hashlib.sha256(sample.id.encode() + b"\0")
        try:
            data = read(sample)
            digest.update(data)
            pixels.write(row, read_image(data, image_shape, path=sample.path))
        except UnreadableImageError as error:
            return digest.digest(), error.reason
        return digest.digest(), None

    progress = progress or Progress()
    usable: list[int] = []
    skipped: list[SkippedFile] = []
    digest = hashlib.sha256()
    try:
        outcomes = ordered_map(one, range(len(samples)), threads or available_threads())
        with quiet_decoders(), closing(outcomes):  # no thread writes on when the cache is closed
            tracked = progress.track(outcomes, title="Decoding", total=len(samples))
            for row, (sample_digest, reason) in enumerate(tracked):
                digest.update(sample_digest)
                if reason is None:
                    usable.append(row)
                else:
                    skipped.append(skipped_file(spec, samples[row], reason))
    except BaseException:
        pixels.close()
        raise
    return Decoded(pixels, tuple(usable), tuple(skipped), digest.hexdigest())


def reader(spec: DatasetSpec, root: Path | None) -> Callable[[Sample], bytes]:
    """Return what reads the encoded image of one of a dataset's samples.

    It raises UnreadableImageError where the image cannot be read, and ContractError where the dataset's
    `read_sample` returns no bytes.
    """
    read = resolve(spec.read_sample) if spec.read_sample is not None else read_file

    def one(sample: Sample) -> bytes:
        try:
            data = read(root, sample)
        except OSError as error:
            raise UnreadableImageError(sample.path, f"cannot be read ({error.strerror or error})") from error
        if not isinstance(data, bytes):
            raise ContractError(
                f"dataset {spec.name!r}: read_sample: expected the bytes of {sample.id!r}, got {type(data).__name__}."
            )
        return data

    return one


def skipped_file(spec: DatasetSpec, sample: Sample, reason: str) -> SkippedFile:
    """Return a sample that cannot be read, by its path where it is a file of its own, else by its id."""
    return SkippedFile(path=sample.path if spec.read_sample is None else sample.id, reason=reason)
