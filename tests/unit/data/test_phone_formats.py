"""AVIF and HEIC: what phones write."""

from __future__ import annotations

import importlib.util
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from emoclass.auditing.fingerprint import fingerprint
from emoclass.data import images as decoder
from emoclass.data.images import SUFFIXES, quiet_decoders, read_image
from emoclass.data.photograph import Photograph
from emoclass.errors import UnreadableImageError

# Written with pillow-heif 1.8: four quarters of 48x32 pixels. In turned.heic they are stored on their side, with an
# `irot` box and EXIF data that both say so, as phones write it.
PLAIN, TURNED = (Path(__file__).with_name(name).read_bytes() for name in ("plain.heic", "turned.heic"))
QUARTERS = np.array([[(250, 10, 10), (10, 240, 10)], [(10, 10, 230), (120, 120, 120)]])
UPRIGHT = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}

heic = pytest.mark.skipif(importlib.util.find_spec("pi_heif") is None, reason="the heic extra is not installed")
avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")


def quarters() -> Image.Image:
    return Image.fromarray(QUARTERS.astype(np.uint8)).resize((96, 64), Image.Resampling.NEAREST)


def avif_of(image: Image.Image, orientation: int = 1) -> bytes:
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    image.save(buffer, "AVIF", quality=95, subsampling="4:4:4", exif=exif)
    return buffer.getvalue()


def shows_quarters(data: bytes) -> bool:
    pixels = read_image(data, (64, 96, 3))[16::32, 24::48]
    return bool(np.abs(pixels.astype(int) - QUARTERS).max() <= 8)


def reason(data: bytes) -> str:
    with quiet_decoders(), pytest.raises(UnreadableImageError) as caught:
        read_image(data, (8, 8, 3), path="a.heic")
    return caught.value.reason


@heic
@pytest.mark.parametrize("data", [PLAIN, TURNED], ids=["plain", "turned"])
def test_a_heic_file_is_turned_upright_once(data: bytes) -> None:
    assert shows_quarters(data)
    assert Photograph(data).size == (96, 64)


@avif
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_an_avif_file_is_turned_upright_once(orientation: int) -> None:
    turn = UPRIGHT[orientation]
    stored = quarters() if turn is None else quarters().transpose(turn)
    data = avif_of(stored, orientation)
    assert shows_quarters(data)
    assert Photograph(data).size == (96, 64)


@heic
def test_the_audit_sees_the_format_and_the_upright_size_of_a_heic_file() -> None:
    found = fingerprint(TURNED, path="a.heic")
    assert (found.format, found.width, found.height) == ("HEIF", 96, 64)


@avif
def test_the_audit_sees_the_format_and_the_upright_size_of_an_avif_file() -> None:
    found = fingerprint(avif_of(quarters().transpose(Image.Transpose.ROTATE_90), 6), path="a.avif")
    assert (found.format, found.width, found.height) == ("AVIF", 96, 64)


def test_one_line_says_how_to_install_what_reads_heic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "_registers_heic", lambda: False)
    assert reason(PLAIN) == "HEIC image (to read HEIC files: pip install 'emoclass[heic]')"


@avif
def test_one_line_says_what_reads_avif(monkeypatch: pytest.MonkeyPatch) -> None:
    data = avif_of(quarters())
    monkeypatch.setattr(decoder, "_has_avif", lambda: False)
    assert reason(data) == "AVIF image, which this Pillow cannot read (pip install 'pillow>=11.3')"


@heic
@pytest.mark.parametrize("size", [(40_000, 40_000), (12_000, 8_000), (16, 16), (96, 60_000)])
def test_a_heic_file_that_lies_about_its_size_is_refused(size: tuple[int, int]) -> None:
    place = PLAIN.find(b"ispe") + 8
    assert reason(PLAIN[:place] + struct.pack(">II", *size) + PLAIN[place + 8 :]).startswith(("too large", "damaged"))


@pytest.mark.parametrize("kind", [pytest.param("heic", marks=heic), pytest.param("avif", marks=avif)])
def test_any_damage_is_told_as_an_unreadable_image(kind: str) -> None:
    sound = TURNED if kind == "heic" else avif_of(quarters())
    rng = np.random.default_rng(0)
    outcomes = {"read": 0, "refused": 0}
    with quiet_decoders():
        for number in range(300):
            data = bytearray(sound)
            for _ in range(1 + number % 4):
                data[int(rng.integers(len(data)))] = int(rng.integers(256))
            if number % 5 == 0:
                data = data[: int(rng.integers(len(data)))]
            try:
                assert read_image(bytes(data), (8, 8, 3)).shape == (8, 8, 3)
                outcomes["read"] += 1
            except UnreadableImageError as error:
                assert error.reason and "\n" not in error.reason
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


def test_folders_are_searched_for_them() -> None:
    assert {".avif", ".heic", ".heif", ".hif"} <= set(SUFFIXES)
