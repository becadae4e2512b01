"""Hundreds of broken, odd and malicious image files, the same ones each time."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo

Variant = tuple[str, bytes]
"""The name of a file, and what is in it."""

HEIC = Path(__file__).parent / "unit" / "data" / "plain.heic"


def variants() -> dict[str, bytes]:
    """Return name -> content of all files. Each name ends as an image's does."""
    found: dict[str, bytes] = {}
    for make in (
        *map(_bent, _bases()),
        _modes(),
        _png(),
        _jpeg(),
        _gif(),
        _bmp(),
        _tiff(),
        _webp(),
        _boxes(),
        _others(),
    ):
        for name, data in make:
            assert name not in found, name
            found[name] = data
    return found


def _noise(mode: str = "RGB", size: tuple[int, int] = (24, 18), seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def _encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def _bases() -> Iterator[Variant]:
    """Yield sound files of every format, which are then cut and bent."""
    yield "baseline.jpg", _encoded(_noise(), "JPEG", exif=_exif(6))
    yield "progressive.jpg", _encoded(_noise(), "JPEG", progressive=True, icc_profile=b"\0" * 200)
    yield "rgb.png", _encoded(_noise(), "PNG")
    yield "palette.png", _encoded(_noise("P"), "PNG", transparency=3)
    yield "lossy.webp", _encoded(_noise(), "WEBP")
    yield "frames.webp", _encoded(_noise(), "WEBP", save_all=True, append_images=[_noise(seed=1)], lossless=True)
    yield "frames.gif", _encoded(_noise(), "GIF", save_all=True, append_images=[_noise(seed=1)])
    yield "rgb.bmp", _encoded(_noise(), "BMP")
    yield "plain.tiff", _encoded(_noise(), "TIFF")
    yield "lzw.tif", _encoded(_noise(), "TIFF", compression="tiff_lzw")
    if features.check("avif"):
        yield "still.avif", _encoded(_noise(), "AVIF")
    yield "phone.heic", HEIC.read_bytes()


def _bent(base: Variant) -> Iterator[Variant]:
    """Yield a file cut off, with other bytes in its header, with noise in it, and with more around it."""
    name, data = base
    stem, _, suffix = name.partition(".")
    rng = np.random.default_rng(len(data))

    def bent(what: str, content: bytes) -> Variant:
        return f"{stem}-{what}.{suffix}", content

    yield bent("sound", data)
    for cut in (3, 8, 13, 21, 33, len(data) // 4, len(data) // 2, 3 * len(data) // 4, len(data) - 9, len(data) - 1):
        yield bent(f"cut-{cut}", data[:cut])
    for place in (4, 5, 8, 12, 16, 18, 20, 22, 24, 28, 33, 40, 50, 60, 80, 120):
        for value in (0x00, 0xFF):
            yield bent(f"byte-{place}-{value:02x}", data[:place] + bytes([value]) + data[place + 1 :])
    for number in range(3):
        noisy = bytearray(data)
        for place in rng.integers(12, len(data), max(2, len(data) // 100)):
            noisy[place] = int(rng.integers(256))
        yield bent(f"noise-{number}", bytes(noisy))
    middle = len(data) // 2
    yield bent("hole", data[:middle] + bytes(64) + data[middle + 64 :])
    yield bent("missing", data[: middle - 32] + data[middle + 32 :])
    yield bent("twice", data + data)
    yield bent("appended", data + b"<?php system($_GET['x']); ?>" * 50)
    yield bent("prefixed", b"\r\n" + data)


def _exif(orientation: object = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def _modes() -> Iterator[Variant]:
    """Yield sound files of all modes and of odd sizes."""
    for file_format, suffix, modes in (
        ("PNG", "png", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        ("TIFF", "tiff", ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16")),
        ("JPEG", "jpg", ("L", "CMYK", "YCbCr")),
        ("BMP", "bmp", ("1", "L", "P", "RGBA")),
        ("WEBP", "webp", ("L", "RGBA", "P")),
        ("GIF", "gif", ("1", "L", "RGBA")),
    ):
        for mode in modes:
            if mode == "LAB":  # the conversion of colors is not the same each time
                made = Image.frombytes(mode, (24, 18), _noise().tobytes())
            else:
                made = _noise("L" if mode in ("I", "F", "I;16") else mode if mode != "YCbCr" else "RGB").convert(mode)
            yield f"mode-{mode.replace(';', '-')}.{suffix}", _encoded(made, file_format)
    for width, height in ((1, 1), (1, 3000), (3000, 1), (2, 65500)):
        yield f"size-{width}x{height}.png", _encoded(_noise("L", (width, height)), "PNG")
        yield f"size-{width}x{height}.jpg", _encoded(_noise("L", (width, height)), "JPEG")


def _chunk(kind: bytes, content: bytes, *, crc: int | None = None, length: int | None = None) -> bytes:
    crc = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content) if length is None else length) + kind + content + struct.pack(">I", crc)


def _png_file(
    *before: bytes,
    width: int = 8,
    height: int = 8,
    depth: int = 8,
    color: int = 2,
    interlace: int = 0,
    rows: bytes | None = None,
    end: bytes = _chunk(b"IEND", b""),
    filtered: int = 0,
) -> bytes:
    """Write a PNG file by hand; `before` are chunks between the header and the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(color, 3)
    if rows is None:
        n = min(width, 64) * channels * max(1, depth // 8)
        rows = (bytes([filtered]) + bytes(range(n % 256)) * (n // max(1, n % 256) + 1))[: n + 1] * min(height, 64)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(before) + _chunk(b"IDAT", zlib.compress(rows)) + end
    )


def _png() -> Iterator[Variant]:
    for width, height in (
        (0, 0),
        (0, 9),
        (9, 0),
        (2**31 - 1, 2**31 - 1),
        (2**32 - 1, 1),
        (65535, 65535),
        (10**6, 89),
        (9459, 9459),
    ):
        yield f"png-claims-{width}x{height}.png", _png_file(width=width, height=height)
    for depth, color in (
        (0, 2),
        (1, 2),
        (3, 0),
        (4, 0),
        (16, 0),
        (16, 2),
        (16, 4),
        (16, 6),
        (32, 0),
        (8, 1),
        (8, 5),
        (8, 7),
        (16, 3),
        (2, 3),
    ):
        yield f"png-depth-{depth}-color-{color}.png", _png_file(depth=depth, color=color)
    for interlace in (1, 2):
        yield f"png-interlace-{interlace}.png", _png_file(interlace=interlace)
    for filtered in (4, 5, 255):
        yield f"png-filter-{filtered}.png", _png_file(filtered=filtered)
    large = zlib.compress(bytes(20 * 2**20), 9)
    palette = _chunk(b"PLTE", bytes(range(48)))
    for what, chunks in {
        "bad-crc": [_chunk(b"gAMA", b"\0\0\xb1\x8f", crc=1)],
        "bad-palette-crc": [_chunk(b"PLTE", bytes(48), crc=1)],
        "text-bomb": [_chunk(b"zTXt", b"comment\0\0" + large)] * 4,
        "international-bomb": [_chunk(b"iTXt", b"comment\0\1\0\0\0" + large)],
        "profile-bomb": [_chunk(b"iCCP", b"profile\0\0" + large)],
        "profile-garbage": [_chunk(b"iCCP", b"profile\0\0garbage")],
        "profile-unfinished": [_chunk(b"iCCP", b"profile")],
        "text-unfinished": [_chunk(b"zTXt", b"comment")],
        "text-empty": [_chunk(b"iTXt", b"")],
        "exif-garbage": [_chunk(b"eXIf", b"garbage" * 20)],
        "exif-empty": [_chunk(b"eXIf", b"")],
        "exif-turned": [_chunk(b"eXIf", _exif(6).removeprefix(b"Exif\0\0"))],
        "unknown-critical": [_chunk(b"QWER", b"x")],
        "header-twice": [_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))],
        "huge-length": [_chunk(b"tEXt", b"a\0b", length=2**31 - 1)],
        "negative-length": [_chunk(b"tEXt", b"a\0b", length=2**32 - 1)],
        "transparency-long": [_chunk(b"tRNS", bytes(600))],
        "transparency-short": [_chunk(b"tRNS", b"\0")],
        "animation": [_chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))],
        "animation-frame": [_chunk(b"acTL", struct.pack(">II", 1, 0)), _chunk(b"fcTL", bytes(26))],
        "end-early": [_chunk(b"IEND", b"")],
        "pixel-chunk-empty": [_chunk(b"IDAT", b"")],
    }.items():
        yield f"png-{what}.png", _png_file(*chunks)
    for what, chunks in {
        "none": [],
        "empty": [_chunk(b"PLTE", b"")],
        "odd": [_chunk(b"PLTE", bytes(7))],
        "short": [palette],
    }.items():
        yield f"png-palette-{what}.png", _png_file(*chunks, color=3)
    yield "png-no-end.png", _png_file(end=b"")
    yield "png-few-rows.png", _png_file(rows=bytes(25))
    yield "png-many-rows.png", _png_file(rows=bytes(10**7))
    yield "png-bomb.png", _png_file(width=20000, height=20000, color=0, rows=bytes(2 * 10**7))
    info = PngInfo()
    info.add_text("XML:com.adobe.xmp", "<x tiff:Orientation='9'/>")
    yield "png-odd-orientation.png", _encoded(_noise(), "PNG", pnginfo=info)


def _segment(marker: int, content: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2 if length is None else length) + content


def _jpeg() -> Iterator[Variant]:
    sound = _encoded(_noise(), "JPEG")
    start, rest = sound[:2], sound[2:]
    for orientation in (0, 2, 5, 8, 9, 65535):
        yield f"jpeg-orientation-{orientation}.jpg", _encoded(_noise(), "JPEG", exif=_exif(orientation))
    header = b"Exif\0\0II*\0\x08\0\0\0"
    loop = struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8)
    for what, content in {
        "exif-garbage": b"Exif\0\0" + b"garbage" * 9,
        "exif-empty": b"Exif\0\0",
        "exif-loop": header + loop,
        "exif-many-entries": header + struct.pack("<H", 65535),
        "exif-far-away": b"Exif\0\0II*\0\xff\xff\xff\xff",
        "exif-text-orientation": header + struct.pack("<HHHI4sI", 1, 0x0112, 2, 4, b"six\0", 0),
        "exif-large-count": header + struct.pack("<HHHIII", 1, 0x0112, 3, 2**32 - 1, 6, 0),
    }.items():
        yield f"jpeg-{what}.jpg", start + _segment(0xE1, content) + rest
    for what, content in {
        "profile-part-of-many": b"ICC_PROFILE\0\x05\xff" + bytes(50),
        "profile-part-0": b"ICC_PROFILE\0\0\0",
        "profile-short": b"ICC_PROFILE\0",
        "mpo": b"MPF\0II*\0\x08\0\0\0" + bytes(60),
        "mpo-garbage": b"MPF\0" + b"garbage" * 9,
    }.items():
        yield f"jpeg-{what}.jpg", start + _segment(0xE2, content) + rest
    for what, segment in {
        "adobe-short": _segment(0xEE, b"Adobe"),
        "adobe-transform": _segment(0xEE, b"Adobe\0\x64\0\0\0\0\x09"),
        "photoshop": _segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\xff\xff" + b"8BIM" * 9),
        "comment": _segment(0xFE, b"x" * 60000) * 20,
        "length-0": _segment(0xE0, b"", length=0),
        "length-1": _segment(0xE0, b"", length=1),
        "length-65535": _segment(0xE0, b"JFIF\0", length=65535),
        "density": _segment(0xE0, b"JFIF\0\1\1\1\0\0\0\0\0\0"),
        "start-again": b"\xff\xd8",
        "filled": b"\xff" * 5000,
        "restart": _segment(0xDD, b"\0\1"),
        "unknown-marker": b"\xff\x02\xff\xf0",
    }.items():
        yield f"jpeg-{what}.jpg", start + segment + rest
    frame = sound.index(b"\xff\xc0")
    for what, change in {
        "precision-12": (4, b"\x0c"),
        "precision-0": (4, b"\0"),
        "height-0": (5, b"\0\0"),
        "width-0": (7, b"\0\0"),
        "65535x65535": (5, b"\xff\xff\xff\xff"),
        "9000x9000": (5, b"\x23\x28\x23\x28"),
        "components-0": (9, b"\0"),
        "components-2": (9, b"\x02"),
        "components-255": (9, b"\xff"),
        "sampling-0": (11, b"\0"),
        "sampling-255": (11, b"\xff"),
        "table-255": (12, b"\xff"),
        "arithmetic": (1, b"\xc9"),
        "lossless": (1, b"\xc3"),
        "hierarchical": (1, b"\xc5"),
    }.items():
        place, value = change
        yield f"jpeg-frame-{what}.jpg", sound[: frame + place] + value + sound[frame + place + len(value) :]
    for what, marker in {"tables": b"\xff\xdb", "codes": b"\xff\xc4", "scan": b"\xff\xda"}.items():
        place = sound.index(marker)
        size = int.from_bytes(sound[place + 2 : place + 4], "big")
        yield f"jpeg-without-{what}.jpg", sound[:place] + sound[place + 2 + size :]
    yield "jpeg-no-end.jpg", sound[:-2]
    yield "jpeg-only-tables.jpg", sound[: sound.index(b"\xff\xda")] + b"\xff\xd9"


def _gif() -> Iterator[Variant]:
    def gif(size: tuple[int, int], box: tuple[int, int, int, int], code: int, data: bytes, flags: int = 0x80) -> bytes:
        screen = b"GIF89a" + struct.pack("<HHBBB", *size, flags, 0, 0) + (bytes(6) if flags & 0x80 else b"")
        return screen + b"," + struct.pack("<HHHHB", *box, 0) + bytes([code]) + data + b";"

    block = b"\x02\x4c\x01\0"
    for what, data in {
        "small": gif((2, 2), (0, 0, 2, 2), 2, block),
        "outside": gif((2, 2), (9, 9, 20, 20), 2, block),
        "size-0": gif((0, 0), (0, 0, 0, 0), 2, block),
        "frame-0": gif((4, 4), (0, 0, 0, 0), 2, block),
        "65535x65535": gif((65535, 65535), (0, 0, 65535, 65535), 2, block),
        "large-screen": gif((65535, 65535), (0, 0, 2, 2), 2, block),
        "large-frame": gif((2, 2), (0, 0, 65535, 65535), 2, block),
        "no-palette": gif((2, 2), (0, 0, 2, 2), 2, block, flags=0),
        "no-data": gif((2, 2), (0, 0, 2, 2), 2, b""),
        "endless-block": gif((2, 2), (0, 0, 2, 2), 2, b"\xff" + bytes(9)),
        **{f"code-{code}": gif((2, 2), (0, 0, 2, 2), code, block) for code in (0, 1, 11, 12, 13, 255)},
        "extension": b"GIF89a\2\0\2\0\x80\0\0" + bytes(6) + b"!\xf9\xff" + bytes(20),
        "only-end": b"GIF89a\2\0\2\0\x80\0\0" + bytes(6) + b";",
    }.items():
        yield f"gif-{what}.gif", data


def _bmp() -> Iterator[Variant]:
    def bmp(
        width: int,
        height: int,
        *,
        bits: int = 24,
        packed: int = 0,
        offset: int = 54,
        colors: int = 0,
        header: int = 40,
        pixels: bytes = bytes(range(256)) * 2,
    ) -> bytes:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, packed, len(pixels), 0, 0, colors, 0)
        return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, offset) + info + pixels

    for what, data in {
        "upside-down": bmp(8, -8),
        "width-negative": bmp(-8, 8),
        "empty": bmp(0, 0),
        "huge": bmp(2**31 - 1, 2**31 - 1),
        "lowest": bmp(8, -(2**31)),
        "wide": bmp(60000, 60000),
        "offset-far": bmp(8, 8, offset=2**31 - 1),
        "offset-0": bmp(8, 8, offset=0),
        "no-pixels": bmp(8, 8, pixels=b""),
        "colors-huge": bmp(8, 8, bits=8, colors=2**31),
        "header-12": bmp(8, 8, header=12),
        "header-64": bmp(8, 8, header=64),
        "header-124": bmp(8, 8, header=124),
        **{f"bits-{bits}": bmp(8, 8, bits=bits) for bits in (0, 1, 2, 3, 4, 8, 16, 32, 64)},
        **{f"packed-{packed}": bmp(8, 8, bits=8, packed=packed) for packed in (1, 2, 3, 4, 5, 6, 99)},
        "run-length-beyond": bmp(8, 8, bits=8, packed=1, colors=1, pixels=bytes(4) + b"\xff\x01" * 900),
        "run-length-jump": bmp(8, 8, bits=8, packed=1, colors=1, pixels=bytes(4) + b"\0\x02\xff\xff" * 90),
    }.items():
        yield f"bmp-{what}.bmp", data


def _tiff() -> Iterator[Variant]:
    usual = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 300, 277: 1, 278: 8, 279: 64}

    def tiff(changes: dict[int, int], *, after: int = 0, begin: int = 8, big_endian: bool = False) -> bytes:
        order = ">" if big_endian else "<"
        tags = {tag: value for tag, value in sorted({**usual, **changes}.items()) if value is not None}
        entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items())
        head = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(f"{order}I", begin)
        body = head + struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", after)
        return body.ljust(300, b"\0") + bytes(range(64)) * 2

    most = 2**32 - 1
    for what, data in {
        "sound": tiff({}),
        "big-endian": tiff({}, big_endian=True),
        "next-is-itself": tiff({}, after=8),
        "next-far": tiff({}, after=most),
        "begins-far": tiff({}, begin=most),
        "begins-at-0": tiff({}, begin=0),
        "size-0": tiff({256: 0, 257: 0}),
        "size-huge": tiff({256: most, 257: most}),
        "size-wide": tiff({256: 10**6, 257: 10**5}),
        "strip-far": tiff({273: most}),
        "strip-long": tiff({279: most}),
        "strip-short": tiff({279: 3}),
        "rows-0": tiff({278: 0}),
        "tile-0": tiff({322: 0, 323: 0, 324: 300, 325: 64}),
        "tile-huge": tiff({322: most, 323: most, 324: 300, 325: 64}),
        "samples-0": tiff({277: 0}),
        "samples-255": tiff({277: 255}),
        "planes": tiff({284: 2, 277: 3}),
        "complex": tiff({339: 5}),
        "predictor": tiff({317: 99}),
        "thumbnail-loop": tiff({330: 8}),
        "exif-loop": tiff({34665: 8}),
        **{f"bits-{bits}": tiff({258: bits}) for bits in (0, 2, 3, 11, 12, 16, 32, 64, 65535)},
        **{
            f"packed-{packed}": tiff({259: packed})
            for packed in (0, 2, 3, 4, 5, 6, 7, 8, 99, 32773, 32946, 34712, 34925, 50000, 50001)
        },
        **{f"meaning-{meaning}": tiff({262: meaning}) for meaning in (0, 2, 3, 4, 5, 6, 8, 32803, 34892, 65535)},
        **{f"turned-{turn}": tiff({274: turn}) for turn in (0, 5, 8, 9, 65535)},
        "large-kind": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + bytes(80),
        "entries-65535": b"II*\0\x08\0\0\0\xff\xff" + bytes(200),
    }.items():
        yield f"tiff-{what}.tiff", data
    for packed in ("packbits", "tiff_deflate", "jpeg", "group4"):
        data = _encoded(_noise("1" if packed == "group4" else "RGB"), "TIFF", compression=packed)
        yield f"tiff-{packed}.tif", data
        yield f"tiff-{packed}-hole.tif", data[:60] + bytes(40) + data[100:]
    pages = [_noise(size=(9, 9), seed=number) for number in range(40)]
    yield "tiff-pages.tif", _encoded(_noise(), "TIFF", save_all=True, append_images=pages)


def _webp() -> Iterator[Variant]:
    def riff(*parts: tuple[bytes, bytes], size: int | None = None) -> bytes:
        body = b"WEBP" + b"".join(
            kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in parts
        )
        return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body

    lossy = _encoded(_noise(), "WEBP")[20:]
    wide = (b"VP8X", b"\x08\0\0\0\xff\xff\xff\xff\xff\xff")
    for what, data in {
        "size-0": riff((b"VP8 ", lossy), size=0),
        "size-huge": riff((b"VP8 ", lossy), size=2**32 - 1),
        "canvas-huge": riff(wide, (b"VP8 ", lossy)),
        "canvas-alone": riff(wide),
        "empty-picture": riff((b"VP8 ", b"")),
        "lossless-garbage": riff((b"VP8L", b"/" + bytes(40))),
        "lossless-huge": riff((b"VP8L", b"/\xff\xff\xff\xff" + bytes(40))),
        "frame-garbage": riff((b"VP8X", b"\x02" + bytes(9)), (b"ANIM", bytes(6)), (b"ANMF", bytes(30))),
        "exif-garbage": riff((b"VP8X", b"\x08\0\0\0\x17\0\0\x11\0\0"), (b"VP8 ", lossy), (b"EXIF", b"garbage" * 9)),
        "profile-garbage": riff((b"VP8X", b"\x20\0\0\0\x17\0\0\x11\0\0"), (b"ICCP", b"x"), (b"VP8 ", lossy)),
    }.items():
        yield f"webp-{what}.webp", data


def _boxes() -> Iterator[Variant]:
    """Yield files in the container of AVIF and HEIC, with boxes that lie about their sizes."""
    for brand, suffix in (
        (b"avif", "avif"),
        (b"avis", "avif"),
        (b"heic", "heic"),
        (b"mif1", "heif"),
        (b"hevc", "heic"),
    ):
        name = f"boxes-{brand.decode()}"
        begin = struct.pack(">I", 20) + b"ftyp" + brand + bytes(4) + brand
        yield f"{name}-alone.{suffix}", begin
        yield f"{name}-size-0.{suffix}", bytes(4) + begin[4:]
        yield f"{name}-size-1.{suffix}", b"\0\0\0\1" + begin[4:] + bytes(16)
        yield f"{name}-size-huge.{suffix}", b"\xff\xff\xff\xff" + begin[4:]
        for size in (0, 1, 8, 2**32 - 1):
            yield f"{name}-meta-{size}.{suffix}", begin + struct.pack(">I", size) + b"meta" + bytes(60)


def _others() -> Iterator[Variant]:
    """Yield what is no image, with the name of one."""
    for what, data in {
        "empty": b"",
        "zero": b"\0",
        "zeros": bytes(5000),
        "text": b"Dear anna,\n" * 99,
        "html": b"<html>404</html>",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "pdf": b"%PDF-1.7\n" + bytes(99),
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "zip": b"PK\3\4" + bytes(99),
        "gzip": b"\x1f\x8b\x08" + bytes(99),
        "program": b"\x7fELF" + bytes(99),
        "pickle": b"\x80\x04\x95" + bytes(99),
        "movie": b"\0\0\0\x20ftypisom" + bytes(99),
        "matroska": b"\x1a\x45\xdf\xa3" + bytes(99),
        "icon": _encoded(_noise(), "ICO"),
        "ppm": _encoded(_noise(), "PPM"),
        "pcx": _encoded(_noise(), "PCX"),
        "tga": _encoded(_noise(), "TGA"),
        "jpeg2000": _encoded(_noise(), "JPEG2000") if features.check("jpg_2000") else b"\0\0\0\x0cjP  ",
        "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    }.items():
        yield f"other-{what}.jpg", data
