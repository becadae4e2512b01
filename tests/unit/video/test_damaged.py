"""Damaged and hostile files: no hang, no crash, a clear message, and whatever can be decoded is kept."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import made_videos
import pytest
from made_videos import NO_VIDEOS, make_video, noisy_shades, read_both, refuse_both, shade, shades

from emoclass.errors import UnreadableVideoError

N = 40
CODECS = {"mp4": "libx264", "mkv": "libvpx-vp9", "ts": "libx264", "avi": "mpeg4", "webm": "libvpx", "mpg": "mpeg2video"}
SHARED = Path(__file__).parents[4] / "shared" / "data" / "videos"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("whole")
    pictures = noisy_shades(N)
    made = {}
    for suffix, codec in CODECS.items():
        settings = {"qmax": 4} if "mpeg" in codec else {}
        made[suffix] = make_video(folder / f"a.{suffix}", pictures, codec=codec, key_every=10, **settings)
    made["fast.mp4"] = make_video(  # the index first, as in files that are made for the web
        folder / "fast.mp4", pictures, muxer_options={"movflags": "faststart"}, key_every=10
    )
    made["mp4 with sound"] = make_video(folder / "sound.mp4", pictures, sound_seconds=1.6)
    return made


def read(path: Path) -> tuple[list[int], tuple[str, ...]]:
    frames, notes = read_both(path)
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert times[0] >= 0
    return [shade(frame.pixels) for frame in frames], notes


@pytest.mark.parametrize("kind", [*CODECS, "fast.mp4", "mp4 with sound"])
def test_whole_files_have_all_frames_and_no_notes(whole, kind):
    found, notes = read(whole[kind])
    assert found == pytest.approx(range(N), abs=1)
    assert notes == ()


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("kind", ["mkv", "ts", "avi", "webm", "mpg", "fast.mp4"])
def test_of_a_cut_file_everything_before_the_cut_is_kept(whole, tmp_path, kind, share):
    data = whole[kind].read_bytes()
    path = tmp_path / whole[kind].name
    path.write_bytes(data[: int(share * len(data))])
    found, notes = read(path)
    assert len(found) >= 0.5 * share * N  # headers take a part of such small files
    assert found == pytest.approx(range(len(found)), abs=1)
    if kind not in ("ts", "mpg"):  # these state no duration: nothing tells a cut one
        missing_seconds = (N - len(found)) / 25
        if missing_seconds > 1:
            assert any(note.startswith(("cut: it ends after", "damaged: nothing can be read after")) for note in notes)


@pytest.mark.parametrize("share", [0.0001, 0.1, 0.5, 0.9])
def test_a_cut_mp4_whose_index_was_at_its_end_is_refused_with_the_reason(whole, tmp_path, share):
    data = whole["mp4"].read_bytes()
    path = tmp_path / "a.mp4"
    path.write_bytes(data[: max(16, int(share * len(data)))])
    refuse_both(path, r"the file is damaged, or cut before its index \(moov\)")


@pytest.mark.parametrize("kind", ["mkv", "ts", "avi", "fast.mp4"])
def test_damage_in_the_middle_costs_only_what_depends_on_it(whole, tmp_path, kind):
    data = bytearray(whole[kind].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60] = bytes(60)
    path = tmp_path / whole[kind].name
    path.write_bytes(data)
    found, notes = read(path)
    good = sum(1 for number in range(N) if any(abs(number - shown) <= 1 for shown in found))
    assert good >= 0.6 * N
    assert notes or len(found) >= N - 10


def damaged(seed: int, whole: dict[str, Path]) -> tuple[str, bytes]:
    """Damage a file in some way; the same for the same seed."""
    rng = random.Random(seed)
    source = whole[rng.choice(sorted(whole))]
    data = bytearray(source.read_bytes())
    way = ("cut", "flip", "flip", "head", "zero", "insert", "delete", "splice")[seed % 8]
    place = rng.randrange(len(data))
    if way == "cut":
        del data[place:]
    elif way in ("flip", "head"):
        for _ in range(rng.choice([1, 10, 100])):
            data[rng.randrange(len(data) if way == "flip" else 600)] = rng.choice([0, 255, rng.randrange(256)])
    elif way == "zero":
        data[place : place + 2000] = bytes(len(data[place : place + 2000]))
    elif way == "insert":
        data[place:place] = rng.randbytes(1000)
    elif way == "delete":
        del data[place : place + 1000]
    else:
        data[place:] = whole[rng.choice(sorted(whole))].read_bytes()[place:]
    return source.name, bytes(data)


READ_ALL = """
import json, sys
from pathlib import Path
from made_videos import certain
from emoclass.errors import UnreadableVideoError
from emoclass.video.files import FileFeed
for path in sorted(Path(sys.argv[1]).iterdir()):
    print(json.dumps(path.name), end=" ", flush=True)
    results = []
    for source, name in ((path, str(path)), (path.read_bytes(), "video")):
        try:
            with FileFeed(source) as feed:
                times = [frame.time for frame in feed]
            assert times and times == sorted(set(times)) and times[0] >= 0, times
            results.append([len(times), *feed.notes])
        except UnreadableVideoError as error:
            assert error.name == name and error.reason
            results.append([0, error.reason])
    assert results[0][0] == results[1][0] and certain(results[0][1:]) == certain(results[1][1:]), results
    print(json.dumps(results[0]), flush=True)
"""


@pytest.mark.slow  # it decodes a hundred videos, each twice
def test_files_damaged_at_random_are_read_or_refused(whole, tmp_path):
    """In another process, which may not crash and must end in time."""
    for seed in range(100):
        name, data = damaged(seed, whole)
        (tmp_path / f"{seed:03}-{name}").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(made_videos.__file__).parent)},
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout[-500:], done.stderr)
    results = [json.loads(line.partition(" ")[2]) for line in done.stdout.splitlines()]
    assert len(results) == 100
    read_well = [result for result in results if result[0] == N]
    read_in_part = [result for result in results if 0 < result[0] != N]
    assert len(read_well) + len(read_in_part) > 60
    assert len([result for result in read_in_part if len(result) > 1]) > 0.5 * len(read_in_part)  # with a note


@pytest.mark.parametrize("suffix", ["", ".mp4", ".ts"])
@pytest.mark.parametrize("kind", NO_VIDEOS)
def test_what_is_no_video_is_refused_in_a_line(tmp_path, kind, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(NO_VIDEOS[kind])
    message = str(refuse_both(path, "."))
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


@pytest.mark.parametrize("suffix", ["avi", "mov", "ts", "mkv", "jpg", "txt", "wav"])
def test_a_wrong_name_does_not_matter(whole, tmp_path, suffix):
    for kind in CODECS:
        path = tmp_path / f"{kind}.{suffix}"
        path.write_bytes(whole[kind].read_bytes())
        assert len(read(path)[0]) == N


def test_a_frame_that_would_fill_the_memory_is_refused(whole, tmp_path):
    """Some bytes can state a size of 65535x65535, which takes 13 GB."""
    path = make_video(tmp_path / "a.avi", shades(3), codec="mjpeg", pixel_format="yuvj420p")
    data = bytearray(path.read_bytes())
    place = 0
    while (place := data.find(b"\xff\xc0", place + 1)) >= 0:
        struct.pack_into(">HH", data, place + 5, 65535, 65535)
    path.write_bytes(data)
    refuse_both(path, r"too large|no frame can be decoded")
    gif = tmp_path / "a.gif"
    gif.write_bytes(make_video(tmp_path / "b.gif", shades(3), codec="gif", pixel_format="rgb8").read_bytes())
    data = bytearray(gif.read_bytes())
    struct.pack_into("<HH", data, 6, 65535, 65535)
    gif.write_bytes(data)
    refuse_both(gif, r"too large|no frame can be decoded|not a video")


def test_nothing_is_printed_about_damage(whole, tmp_path):
    name, data = damaged(1, whole)
    (tmp_path / name).write_bytes(data)
    code = (
        "import sys\nfrom emoclass.video.files import FileFeed\nwith FileFeed(sys.argv[1]) as feed:\n    list(feed)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / name)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == done.stderr == ""


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared clips beside the checkout")
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("name", ["single_face.mp4", "no_face.mp4", "face_noface.mov", "noface_face.mov"])
def test_cut_clips_of_telephones_and_the_web(tmp_path, name, share):
    data = (SHARED / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(share * len(data))])
    try:
        frames, notes = read_both(path)
        assert frames
        assert notes
    except UnreadableVideoError as error:
        assert "index (moov)" in str(error)
