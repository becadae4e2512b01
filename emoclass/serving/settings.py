"""What the service allows: sizes, times and numbers."""

from __future__ import annotations

from pydantic import Field

from emoclass.values.base import FrozenModel

MIB = 2**20


class Limits(FrozenModel):
    """The limits of the service; every one has a clear answer.

    Attributes:
        max_bytes: Bytes in the body of a request for images; more gets 413.
        max_video_bytes: Bytes in the body of a request for a video; more gets 413.
        max_images: Images in a request; more gets 413.
        max_pixels: Pixels of an image, by its header; a larger one is not decoded, and named as unreadable.
        max_seconds: Seconds in which a request for images must be answered; else it gets 503.
        max_requests: Requests whose whole body came, and that are answered at once; more get 503.
        max_memory: Bytes of all bodies that are read or wait at once; more get 503.
        max_waiting: Images that wait for a worker; more get 503.
        max_live: Live sessions at once; more are closed with code 1013.
        live_seconds: A live session without a frame is closed after so many seconds.
        max_frame_bytes: Bytes of a frame of a live session.
        max_videos: Videos that are watched at once; more get 503.
        max_video_seconds: Seconds of a video that are watched; a longer one gets 413.
        max_video_frames: Frames of a video that are watched; one with more gets 413.
        max_video_pixels: Pixels of a frame of a video, those of 4K by default; larger frames get 413.
        max_video_memory: Bytes of memory for the process that watches a video, on Linux.
        max_video_answer: Bytes of the frames in the answer to a video; one with more gets 413.
        max_watch_seconds: Seconds that watching a video may take; else it gets 503.
        header_seconds: A connection that has not sent whole headers within so many seconds is closed.
        idle_seconds: A connection without a request is closed after so many seconds.
        min_rate: Bytes a second that a body must have on average; one that falls behind gets 408. 0 allows any rate.
        body_seconds: Seconds by which a body may fall behind `min_rate`, however much of it came before.
        write_seconds: Seconds in which a client must take some of its response.
        max_connections: Open connections; beyond these, the one that is idle longest is closed. None takes as many as
            the system allows, and 8,192 at most.
    """

    max_bytes: int = Field(default=32 * MIB, ge=1024)
    max_video_bytes: int = Field(default=64 * MIB, ge=1024)
    max_images: int = Field(default=64, ge=1)
    max_pixels: int = Field(default=50_000_000, ge=64)
    max_seconds: float = Field(default=30.0, gt=0)
    max_requests: int = Field(default=64, ge=1)
    max_memory: int = Field(default=128 * MIB, ge=1024)
    max_waiting: int = Field(default=256, ge=1)
    max_live: int = Field(default=8, ge=0)
    live_seconds: float = Field(default=60.0, gt=0)
    max_frame_bytes: int = Field(default=4 * MIB, ge=1024)
    max_videos: int = Field(default=1, ge=0)
    max_video_seconds: float = Field(default=120.0, gt=0)
    max_video_frames: int = Field(default=7200, ge=1)
    max_video_pixels: int = Field(default=4096 * 2304, ge=64)
    max_video_memory: int = Field(default=3072 * MIB, ge=512 * MIB)
    max_video_answer: int = Field(default=32 * MIB, ge=1024)
    max_watch_seconds: float = Field(default=360.0, gt=0)
    header_seconds: float = Field(default=10.0, gt=0)
    idle_seconds: float = Field(default=15.0, gt=0)
    min_rate: float = Field(default=16_384.0, ge=0)
    body_seconds: float = Field(default=10.0, gt=0)
    write_seconds: float = Field(default=30.0, gt=0)
    max_connections: int | None = Field(default=None, ge=1)


class Settings(FrozenModel):
    """How the service listens, and whom it answers.

    Attributes:
        host: The address that it listens on.
        port: The port; 0 takes a free one.
        token: What clients must know; None lets everyone in who can connect.
        hosts: Further names that clients may reach it by, beside `localhost`, loopback addresses and `host`.
        origins: Web origins of other pages that may call it, such as `https://example.org`; none by default.
        certificate: A file with the TLS certificate; None without TLS.
        key: A file with its private key.
        proxies: Addresses and networks of reverse proxies, whose X-Forwarded-For and X-Forwarded-Proto are believed.
        workers: Processes that decode and classify.
        limits: The limits.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    token: str | None = Field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    proxies: tuple[str, ...] = ()
    workers: int = Field(default=1, ge=1, le=256)
    limits: Limits = Limits()
