"""Tell videos from images, to say so where an image is expected."""

from __future__ import annotations

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
"""What the names of such files end in, in lower case."""

IS_VIDEO = "a video, expected an image; for videos: emoclass video"

HEAD_BYTES = 32
"""So many bytes from a file's beginning tell what it is."""

IMAGE_BRANDS = (
    *(b"avif", b"avis", b"heic", b"heix", b"heim", b"heis"),
    *(b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
)
"""Images in the container of MP4."""

_OTHER_BRANDS = (b"crx ", b"M4A ", b"M4B ")
"""Raw photographs and sound in the container of MP4."""


def is_video(head: bytes) -> bool:
    """Return whether a file that begins like this is a video: MP4, MOV, Matroska, WebM or AVI.

    Example:
        >>> is_video(b"RIFF....AVI LIST"), is_video(b"RIFF....WEBPVP8 ")
        (True, False)
    """
    if head[4:8] == b"ftyp" and len(head) >= 12:
        return head[8:12] not in (*IMAGE_BRANDS, *_OTHER_BRANDS)
    matroska = head.startswith(b"\x1a\x45\xdf\xa3")
    avi = head.startswith(b"RIFF") and head[8:12] == b"AVI "
    return matroska or avi or head[4:8] in (b"moov", b"mdat", b"wide")
