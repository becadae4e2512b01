"""What is done to FFmpeg's frames, seen through real files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from made_videos import BLUE, GREEN, RED, SIZE, corners, make_video, quadrants, shade, shades

from emoclass.video.feed import Frame
from emoclass.video.files import FileFeed
from emoclass.video.pixels import Upright


def frames_of(path: Path) -> tuple[list[Frame], tuple[str, ...]]:
    with FileFeed(path) as feed:
        frames = list(feed)
        assert {frame.pixels.shape[1::-1] for frame in frames} <= {feed.size}
        return frames, feed.notes


@pytest.mark.parametrize("size", [(63, 47), (65, 49), (1, 1), (17, 90), (130, 3)])
@pytest.mark.parametrize("codec", ["ffv1", "libx264", "libvpx-vp9"])
def test_odd_sizes(tmp_path, size, codec):
    path = make_video(tmp_path / "a.mkv", shades(4, size), codec=codec, pixel_format="yuv444p", key_every=1)
    frames, _ = frames_of(path)
    assert frames[0].pixels.shape == (size[1], size[0], 3)
    assert [shade(frame.pixels) for frame in frames] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("libx264", "yuv420p10le"),
        ("libx265", "yuv420p10le"),
        ("libx265", "yuv420p12le"),
        ("prores_ks", "yuv422p10le"),
        ("ffv1", "gray16le"),
        ("ffv1", "yuv444p"),
        ("mjpeg", "yuvj420p"),
        ("rawvideo", "bgr24"),
        ("ffv1", "bgr0"),
        ("qtrle", "rgb24"),
    ],
)
def test_bit_depths_and_color_formats(tmp_path, codec, pixel_format):
    pictures = shades(5) if "gray" in pixel_format else [quadrants()] * 5
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    suffix = {"qtrle": "mov", "rawvideo": "avi"}.get(codec, "mkv")
    path = make_video(tmp_path / f"a.{suffix}", pictures, codec=codec, pixel_format=pixel_format, options=options)
    frames, notes = frames_of(path)
    assert notes == ()
    if "gray" in pixel_format:
        assert [shade(frame.pixels) for frame in frames] == [0, 1, 2, 3, 4]
    else:
        pixels = frames[0].pixels.astype(int)
        assert corners(pixels) == ["red", "green", "blue", "white"]
        for color, (y, x) in zip((RED, GREEN, BLUE), ((10, 10), (10, 50), (40, 10)), strict=True):
            assert np.abs(pixels[y, x] - color).max() <= 8


@pytest.mark.parametrize("color_range", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", ["ITU709", "ITU601", "BT2020"])
def test_the_range_and_the_matrix_of_the_colors_are_those_of_the_file(tmp_path, color_range, matrix):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"qp": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        context = stream.codec_context
        context.color_range = color_range
        context.colorspace = {"ITU709": 1, "ITU601": 6, "BT2020": 9}[matrix]
        rgb = av.VideoFrame.from_ndarray(quadrants(), format="rgb24")
        output.mux(stream.encode(rgb.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=color_range)))
        output.mux(stream.encode(None))
    (frame,), _ = frames_of(path)
    for color, (y, x) in zip((RED, GREEN, BLUE), ((10, 10), (10, 50), (40, 10)), strict=True):
        assert np.abs(frame.pixels[y, x].astype(int) - color).max() <= 4


def test_hdr_is_read_and_said(tmp_path):
    path = make_video(
        tmp_path / "a.mkv", [quadrants()] * 3, codec="libx265", pixel_format="yuv420p10le", color_trc=16,
        color_primaries=9, colorspace=9, options={"x265-params": "log-level=none"},
    )  # fmt: skip
    frames, notes = frames_of(path)
    assert len(frames) == 3
    assert notes == ("HDR: the colors were converted without tone mapping",)


@pytest.mark.parametrize(("codec", "pixel_format"), [("png", "rgba"), ("qtrle", "argb"), ("prores_ks", "yuva444p10le")])
def test_transparent_pixels_are_laid_over_white(tmp_path, codec, pixel_format):
    pixels = np.dstack([quadrants(), np.full((48, 64), 255, np.uint8)])
    pixels[:24, :32, 3] = 0
    pixels[:24, 32:, 3] = 128
    options = {"profile": "4444"} if codec == "prores_ks" else {}
    path = make_video(tmp_path / "a.mov", [pixels] * 2, codec=codec, pixel_format=pixel_format, with_alpha=True,
                      options=options)  # fmt: skip
    (frame, _), _ = frames_of(path)
    assert np.abs(frame.pixels[10, 10].astype(int) - 255).max() <= 3
    assert np.abs(frame.pixels[10, 50].astype(int) - (np.array(GREEN) + 255) // 2).max() <= 6
    assert np.abs(frame.pixels[40, 10].astype(int) - BLUE).max() <= 6


@pytest.mark.parametrize(
    ("ratio", "size"), [((16, 11), (93, 48)), ((1, 2), (64, 96)), ((1, 1), (64, 48)), ((1000, 1), (64, 48))]
)
def test_pixels_are_made_square(tmp_path, ratio, size):
    path = make_video(tmp_path / "a.mkv", [quadrants()] * 2, sample_aspect_ratio=Fraction(*ratio))
    frames, _ = frames_of(path)
    assert frames[0].pixels.shape[1::-1] == size
    assert corners(frames[0].pixels) == ["red", "green", "blue", "white"]


def test_of_interlaced_frames_one_field_is_kept(tmp_path):
    fields = np.full((48, 64, 3), 40, np.uint8)
    fields[1::2] = 200  # the second field shows something else, as it does where something moves
    path = make_video(
        tmp_path / "a.ts", [fields] * 5, pixel_format="yuv422p", options={"x264-params": "tff=1", "qp": "1"}
    )
    frames, notes = frames_of(path)
    assert notes == ("interlaced: of each frame one field was kept",)
    for frame in frames:
        assert frame.pixels.shape == (48, 64, 3)
        assert np.abs(frame.pixels.astype(int) - 40).max() <= 3


def test_frames_of_another_size_are_fitted_into_the_first(tmp_path):
    """As in a recording of a call, or where a broadcast changes from 4:3 to 16:9."""
    path = tmp_path / "a.ts"
    parts = [
        make_video(tmp_path / "1.ts", [quadrants((64, 48))] * 5),
        make_video(tmp_path / "2.ts", [quadrants((128, 96))] * 5, times=[1 + n / 25 for n in range(5)]),
        make_video(tmp_path / "3.ts", [quadrants((64, 24))] * 5, times=[2 + n / 25 for n in range(5)]),
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames, notes = frames_of(path)
    assert len(frames) == 15
    assert {frame.pixels.shape for frame in frames} == {(48, 64, 3)}
    assert corners(frames[7].pixels) == ["red", "green", "blue", "white"]
    low = frames[-1].pixels  # 64x24 between black bars
    assert low[:11].max() < 20
    assert low[-11:].max() < 20
    assert corners(low[12:36]) == ["red", "green", "blue", "white"]
    assert [note for note in notes if "another size" in note] == [
        "frames that have another size and were scaled to 64x48: 10, the first near 0.92 s"
    ]


def test_the_rotation_alone_is_used_where_pyav_cannot_name_the_side_data(monkeypatch):
    def container(frame):
        raise ValueError("34 is not a valid Type")

    monkeypatch.setattr("av.sidedata.sidedata.SideDataContainer", container)
    frame = SimpleNamespace(rotation=-90, width=64, height=48)
    assert Upright().size(frame) == (48, 64)
    assert Upright()._turn(frame) == (True, False, True)


def test_sizes_are_those_of_the_stream(tmp_path):
    frames, _ = frames_of(make_video(tmp_path / "a.mp4", [quadrants()] * 2))
    assert frames[0].pixels.shape[1::-1] == SIZE
