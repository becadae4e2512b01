"""What Prometheus may ask: how many requests, faces and sessions, and how long they took."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from emoclass.serving.bodies import Memory
from emoclass.serving.pool import Pool
from emoclass.serving.video_pool import VideoPool

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Meters:
    """The figures of one service; they hold no names of files and nothing of the images.

    Args:
        pool: The workers.
        videos: The processes that watch videos.
        memory: The bodies.
    """

    def __init__(self, pool: Pool, videos: VideoPool, memory: Memory) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("emoclass_requests", "Requests.", ["route", "status"], registry=registry)
        self.seconds = Histogram(
            "emoclass_request_seconds", "Seconds until the answer.", ["route"], buckets=SECONDS, registry=registry
        )
        self.images = Counter("emoclass_images", "Images.", ["outcome"], registry=registry)
        self.faces = Counter("emoclass_faces", "Faces that were classified.", registry=registry)
        self.frames = Counter("emoclass_live_frames", "Frames of live sessions.", ["outcome"], registry=registry)
        for name, words, function in (
            ("emoclass_waiting_images", "Images that wait for a worker.", lambda: pool.n_waiting),
            ("emoclass_live_sessions", "Live sessions.", lambda: pool.n_sessions),
            ("emoclass_watched_videos", "Videos that are watched now.", lambda: videos.n_watching),
            ("emoclass_workers_ready", "Workers that are ready.", lambda: pool.n_ready),
            ("emoclass_open_requests", "Requests that are answered now.", lambda: memory.requests),
            ("emoclass_held_bytes", "Bytes of images in memory.", lambda: memory.held),
            ("emoclass_worker_restarts", "Workers that ended and were started again.", lambda: pool.restarts),
        ):
            Gauge(name, words, registry=registry).set_function(function)

    def text(self) -> bytes:
        """Return all figures in the text format of Prometheus."""
        return generate_latest(self._registry)
