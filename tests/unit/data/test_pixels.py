"""Decoding once, in parallel, into memory or a file."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.pixels import Decoded, PixelCache, decode
from emoclass.errors import ContractError, OutputError, PluginError, UnreadableImageError
from emoclass.progress import Progress
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample

SHAPE = (6, 5, 3)
FOLDER = DatasetSpec(name="folder", summary="Files.", load="emoclass.data.folder:load")


def sample(name: str) -> Sample:
    return Sample(id=name, path=name, emotion="happy")


def write_images(root: Path, n: int) -> list[Sample]:
    """Images of SHAPE, so that decoding changes nothing: image i is all i."""
    for number in range(n):
        Image.new("RGB", (SHAPE[1], SHAPE[0]), (number, number, number)).save(root / f"{number:03d}.png")
    return [sample(f"{number:03d}.png") for number in range(n)]


def read(samples: list[Sample], root: Path | None, *, spec: DatasetSpec = FOLDER, **options: Any) -> Decoded:
    settings = {"cache_file": Path("unused"), "cache_bytes": 2**20, **options}
    return decode(samples, spec, root, SHAPE, **settings)


def with_reader(read_sample: Callable[..., bytes]) -> DatasetSpec:
    return DatasetSpec(name="mine", summary="A test's own.", load="a:b", read_sample=read_sample)


@pytest.fixture(params=["memory", "file"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PixelCache]:
    cache = PixelCache(40, SHAPE, tmp_path / "pixels.cache" if request.param == "file" else None)
    yield cache
    cache.close()


# The cache


def test_rows_are_read_as_they_were_written(cache: PixelCache) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, *SHAPE), dtype=np.uint8)
    for row in rng.permutation(40):
        cache.write(int(row), images[row])
    assert len(cache) == 40
    for rows in ([0], [39, 0, 7], [5, 5, 5], [], np.arange(40), np.array([3, 3], np.int32)):
        batch = cache.read(rows)
        assert batch.dtype == np.uint8
        assert batch.shape == (len(rows), *SHAPE)
        assert np.array_equal(batch, images[np.asarray(rows, int)])


def test_a_batch_is_a_copy(cache: PixelCache) -> None:
    cache.write(3, np.full(SHAPE, 7, np.uint8))
    cache.read([3])[:] = 0
    assert cache.read([3]).min() == 7


def test_rows_that_are_not_contiguous_are_written_right(cache: PixelCache) -> None:
    turned = np.arange(90, dtype=np.uint8).reshape(3, 5, 6).transpose(2, 1, 0)
    cache.write(0, turned)
    assert np.array_equal(cache.read([0])[0], turned)


def test_many_threads_write_and_read_at_once(cache: PixelCache) -> None:
    def write_and_read(row: int) -> bool:
        cache.write(row, np.full(SHAPE, row, np.uint8))
        return all((cache.read([row, row]) == row).all() for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(40)))


def test_no_thread_moves_the_file_under_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowSeek(io.FileIO):
        def seek(self, *args: Any) -> int:
            position = super().seek(*args)
            time.sleep(0.001)  # room for another thread
            return position

    monkeypatch.setattr(Path, "open", lambda self, *args, **options: SlowSeek(self, "w+"))
    cache = PixelCache(40, SHAPE, tmp_path / "pixels.cache")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda row: cache.write(row, np.full(SHAPE, row, np.uint8)), range(40)))
        assert all(pool.map(lambda row: (cache.read([row]) == row).all(), range(40)))
    cache.close()


def test_the_file_is_there_until_the_cache_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "pixels.cache"
    cache = PixelCache(2, SHAPE, file)
    cache.write(1, np.ones(SHAPE, np.uint8))
    assert file.stat().st_size == 2 * 90
    cache.close()
    assert not file.exists()
    cache.close()  # twice is once


def test_closing_bears_with_a_file_that_is_gone(tmp_path: Path) -> None:
    cache = PixelCache(2, SHAPE, tmp_path / "pixels.cache")
    (tmp_path / "pixels.cache").unlink()
    cache.close()


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "pixels.cache"
    with pytest.raises(OutputError) as caught:
        PixelCache(2, SHAPE, file)
    assert caught.value.message == f"decoded images: cannot be written to {file} (No such file or directory)."
    assert caught.value.hint == "Free some space, choose another --out, or raise [runtime] cache_mib."


class NearlyFull(io.FileIO):
    """A file on a disk with room for so many bytes, which takes at most seven at a time."""

    room = 10**9

    def write(self, data: Any) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(memoryview(data).cast("B")[: min(7, self.room)])
        self.room -= written
        return written

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer).cast("B")[:11])


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> type[NearlyFull]:
    plain = Path.open

    def open_nearly_full(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        return NearlyFull(self, "w+") if self.suffix == ".cache" else plain(self, mode, *args, **options)

    monkeypatch.setattr(Path, "open", open_nearly_full)
    monkeypatch.setattr(NearlyFull, "room", 10**9)
    return NearlyFull


def test_short_writes_and_reads_are_continued(tmp_path: Path, disk: type[NearlyFull]) -> None:
    cache = PixelCache(3, SHAPE, tmp_path / "pixels.cache")
    images = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    for row in (2, 0, 1):
        cache.write(row, images[row])
    assert np.array_equal(cache.read([0, 1, 2]), images)
    cache.close()


def test_a_full_disk_is_a_clear_error(tmp_path: Path, disk: type[NearlyFull]) -> None:
    disk.room = 100
    cache = PixelCache(3, SHAPE, tmp_path / "pixels.cache")
    cache.write(0, np.zeros(SHAPE, np.uint8))
    with pytest.raises(
        OutputError, match=r"cannot be written to .*pixels\.cache \(No space left on device\)"
    ) as caught:
        cache.write(1, np.zeros(SHAPE, np.uint8))
    assert caught.value.hint == "Free some space, choose another --out, or raise [runtime] cache_mib."
    cache.close()


def test_a_full_disk_while_decoding_leaves_no_file(tmp_path: Path, disk: type[NearlyFull]) -> None:
    samples = write_images(tmp_path, 40)
    disk.room = 1000
    with pytest.raises(OutputError, match="No space left on device"):
        read(samples, tmp_path, cache_bytes=0, cache_file=tmp_path / "pixels.cache", threads=4)
    assert not (tmp_path / "pixels.cache").exists()


def test_a_cache_file_that_was_cut_is_noticed(tmp_path: Path) -> None:
    cache = PixelCache(3, SHAPE, tmp_path / "pixels.cache")
    for row in range(3):
        cache.write(row, np.ones(SHAPE, np.uint8))
    os.truncate(tmp_path / "pixels.cache", 200)
    assert cache.read([0, 1]).all()
    with pytest.raises(OutputError, match=r"pixels\.cache ends before image 2\."):
        cache.read([2])
    cache.close()


# Decoding


def test_memory_and_file_agree_byte_for_byte(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 20)
    in_memory = read(samples, tmp_path, cache_file=tmp_path / "pixels.cache", cache_bytes=20 * 90)
    assert not (tmp_path / "pixels.cache").exists()
    in_file = read(samples, tmp_path, cache_file=tmp_path / "pixels.cache", cache_bytes=20 * 90 - 1)
    assert (tmp_path / "pixels.cache").exists()
    rows = [3, 3, 19, 0]
    assert in_memory.pixels.read(rows).tobytes() == in_file.pixels.read(rows).tobytes()
    assert in_memory.pixels.read(range(20))[:, 0, 0, 0].tolist() == list(range(20))
    assert (in_memory.usable, in_memory.skipped, in_memory.digest) == (in_file.usable, (), in_file.digest)
    in_file.pixels.close()
    assert not (tmp_path / "pixels.cache").exists()


@pytest.mark.parametrize("threads", [1, 3, None])
def test_unreadable_files_are_skipped_with_their_reasons_in_order(tmp_path: Path, threads: int | None) -> None:
    samples = write_images(tmp_path, 6)
    (tmp_path / "001.png").write_bytes(b"")
    (tmp_path / "003.png").write_text("no image")
    (tmp_path / "005.png").unlink()
    decoded = read(samples, tmp_path, threads=threads)
    assert decoded.usable == (0, 2, 4)
    assert decoded.skipped == (
        SkippedFile(path="001.png", reason="empty file"),
        SkippedFile(path="003.png", reason="not an image (supported: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC)"),
        SkippedFile(path="005.png", reason="cannot be opened (No such file or directory)"),
    )
    assert decoded.pixels.read(decoded.usable)[:, 0, 0, 0].tolist() == [0, 2, 4]


def test_skipped_rows_at_the_end_of_a_file_harm_nothing(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 3)
    (tmp_path / "002.png").write_bytes(b"")
    decoded = read(samples, tmp_path, cache_file=tmp_path / "pixels.cache", cache_bytes=0)
    assert decoded.pixels.read(decoded.usable)[:, 0, 0, 0].tolist() == [0, 1]
    decoded.pixels.close()


def test_results_keep_their_order_whoever_is_first(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 12)

    def slow_first(root: Path, sample: Sample) -> bytes:
        time.sleep(0.02 if sample.id < "004.png" else 0)
        return (root / sample.path).read_bytes()

    decoded = read(samples, tmp_path, spec=with_reader(slow_first), threads=4)
    assert decoded.pixels.read(range(12))[:, 0, 0, 0].tolist() == list(range(12))
    assert decoded.usable == tuple(range(12))


def test_the_digest_depends_on_content_ids_and_order_not_on_threads(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 10)
    digest = read(samples, tmp_path, threads=1).digest
    assert len(digest) == 64
    assert all(read(samples, tmp_path, threads=threads).digest == digest for threads in (2, 7))
    assert read(samples[:9], tmp_path).digest != digest
    assert read([*samples[1:], samples[0]], tmp_path).digest != digest
    renamed = [replace(samples[0], id="renamed"), *samples[1:]]
    assert read(renamed, tmp_path).digest != digest
    with (tmp_path / "004.png").open("ab") as file:
        file.write(b"\0")
    assert read(samples, tmp_path).digest != digest


def test_the_digest_keeps_ids_and_bytes_apart() -> None:
    spec = with_reader(lambda root, sample: sample.path.encode())
    first = Sample(id="a", path="bc", emotion="happy")
    second = Sample(id="ab", path="c", emotion="happy")
    assert read([first], None, spec=spec).digest != read([second], None, spec=spec).digest


def test_unreadable_content_is_part_of_the_digest(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 2)
    (tmp_path / "001.png").write_bytes(b"no image")
    digest = read(samples, tmp_path).digest
    (tmp_path / "001.png").write_bytes(b"nor this")
    assert read(samples, tmp_path).digest != digest


def test_a_dataset_may_read_its_samples_itself() -> None:
    def read_sample(root: Path | None, sample: Sample) -> bytes:
        if sample.id == "bad":
            raise UnreadableImageError(sample.path, "row 7 has 12 pixels, not 48")
        buffer = io.BytesIO()
        Image.new("RGB", SHAPE[1::-1], (9, 9, 9)).save(buffer, "PNG")
        return buffer.getvalue()

    decoded = read([sample("good"), sample("bad")], None, spec=with_reader(read_sample))
    assert decoded.usable == (0,)
    assert decoded.skipped == (SkippedFile(path="bad", reason="row 7 has 12 pixels, not 48"),)


def test_a_reader_that_cannot_be_imported_is_the_plugins_fault() -> None:
    spec = DatasetSpec(name="mine", summary="A test's own.", load="a:b", read_sample="no_such_module:read")
    with pytest.raises(PluginError, match="no_such_module"):
        read([sample("a")], None, spec=spec)


def test_a_bug_in_a_reader_keeps_its_traceback_and_removes_the_file(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 30)

    def broken(root: Path, sample: Sample) -> bytes:
        if sample.id == "010.png":
            raise KeyError("pixels")
        return (root / sample.path).read_bytes()

    with pytest.raises(KeyError, match="pixels"):
        read(samples, tmp_path, spec=with_reader(broken), cache_file=tmp_path / "pixels.cache", cache_bytes=0)
    assert not (tmp_path / "pixels.cache").exists()


class Interrupting(Progress):
    """Ctrl-C after three images."""

    def track(self, items: Iterable[Any], *, title: str, total: int) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 3:
                raise KeyboardInterrupt
            yield item


def test_ctrl_c_removes_the_file_and_no_thread_works_on(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 60)
    seen: list[str] = []

    def slow(root: Path, sample: Sample) -> bytes:
        time.sleep(0.002)
        seen.append(sample.id)
        return (root / sample.path).read_bytes()

    file = tmp_path / "pixels.cache"
    with pytest.raises(KeyboardInterrupt) as caught:
        read(
            samples,
            tmp_path,
            spec=with_reader(slow),
            cache_file=file,
            cache_bytes=0,
            threads=2,
            progress=Interrupting(),
        )
    count = len(seen)
    assert count < 20
    assert not file.exists()
    time.sleep(0.02)
    assert len(seen) == count  # while `caught` still holds every frame
    assert caught.value is not None


def test_progress_sees_every_image(tmp_path: Path) -> None:
    samples = write_images(tmp_path, 5)
    (tmp_path / "001.png").write_bytes(b"")
    told: list[tuple[str, int]] = []
    counted: list[Any] = []

    class Watching(Progress):
        def track(self, items: Iterable[Any], *, title: str, total: int) -> Iterator[Any]:
            told.append((title, total))
            for item in items:
                counted.append(item)
                yield item

    read(samples, tmp_path, progress=Watching())
    assert told == [("Decoding", 5)]
    assert len(counted) == 5


def test_odd_files_print_no_warning(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    exif = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (9, 9)).save(tmp_path / name, exif=exif)
    assert read([sample("a.jpg"), sample("b.jpg")], tmp_path).usable == (0, 1)
    assert not recwarn.list


def test_no_images_are_no_problem() -> None:
    decoded = read([], None)
    assert (decoded.usable, decoded.skipped, len(decoded.pixels)) == ((), (), 0)


# Threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_only_so_many_items_are_under_way(threads: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(200):
            taken += 1
            yield number

    given = 0
    for result in ordered_map(lambda number: number * number, items(), threads):
        assert result == given * given
        given += 1
        assert taken - given <= 4 * threads
    assert given == 200


def test_the_work_is_done_in_as_many_threads_as_asked() -> None:
    barrier = threading.Barrier(3, timeout=10)
    names = set()

    def meet(number: int) -> int:
        barrier.wait()  # returns only if three work at once
        names.add(threading.current_thread().name)
        return number

    assert list(ordered_map(meet, range(9), 3)) == list(range(9))
    assert len(names) == 3


def test_an_error_stops_the_rest() -> None:
    done: list[int] = []

    def fail_at_five(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        done.append(number)
        return number

    with pytest.raises(ValueError, match="five"):
        list(ordered_map(fail_at_five, range(1000), 2))
    assert len(done) < 20


def test_at_least_one_thread_is_available() -> None:
    assert available_threads() >= 1


def broken_disk(root, sample):
    raise OSError(5, "Input/output error")


def no_bytes(root, sample):
    return "pixels"


def test_a_reader_whose_disk_fails_skips_the_file_and_one_without_bytes_is_told(tmp_path):
    samples = [Sample(id="row 7", path="faces.csv", emotion="happy")]

    def decoded(reader):
        spec = DatasetSpec(name="mine", summary="Mine.", load="x:y", read_sample=reader)
        return decode(samples, spec, None, (8, 8, 3), cache_file=tmp_path / "c", cache_bytes=2**20)

    (skipped,) = decoded(broken_disk).skipped
    assert (skipped.path, skipped.reason) == ("row 7", "cannot be read (Input/output error)")
    with pytest.raises(ContractError, match=r"dataset 'mine': read_sample: expected the bytes of 'row 7', got str"):
        decoded(no_bytes)
