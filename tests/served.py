"""A service that answers on a loopback socket while tests talk to it."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import monotonic, sleep
from typing import Any

import httpx
import numpy as np
from PIL import Image

from emoclass import Registry
from emoclass.data.synthetic_faces import draw_face
from emoclass.serving import server
from emoclass.serving.models import ServedModel, read_models
from emoclass.serving.service import Service
from emoclass.serving.settings import Limits, Settings

FACE = 200
"""The side of a drawn face, in pixels."""


class Served:
    """A service, and a client of it.

    Attributes:
        address: Where it answers, such as `http://127.0.0.1:50123/`.
        client: A client.
        service: The service itself; its event loop runs in another thread.
    """

    def __init__(self, address: str, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self.address, self.service = address, service
        self._loop = loop
        self.client = httpx.Client(base_url=address, timeout=180, trust_env=False, verify=False)

    @property
    def live(self) -> str:
        """The address of live sessions."""
        return self.address.replace("http", "ws", 1) + "v1/live"

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the event loop of the service."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)

    def predict(self, *images: bytes, **query: Any) -> list[dict[str, Any]]:
        """Return what the service says of images."""
        files = [("images", (f"{number}.png", data)) for number, data in enumerate(images)]
        answer = self.client.post("/v1/predictions", files=files, params=query)
        until = monotonic() + 180
        while answer.status_code == 503 and monotonic() < until:  # a worker is started again, say
            sleep(float(answer.headers["retry-after"]))
            answer = self.client.post("/v1/predictions", files=files, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found


@contextmanager
def serving(
    *models: str,
    limits: Limits | None = None,
    read: Callable[[], Mapping[str, ServedModel]] | None = None,
    workers: int = 1,
    module: str | None = None,
    **settings: Any,
) -> Iterator[Served]:
    """Serve models while the block runs.

    Args:
        models: What to serve.
        limits: The limits.
        read: What reads the models; by default from disk.
        workers: How many processes.
        module: What workers run, where that is not the service's own.
        settings: Further settings.
    """
    chosen = Settings(port=0, workers=workers, limits=limits or Limits(), **settings)
    read = read or partial(read_models, models or ("faces",), Registry.discover())
    is_ready = threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        service = Service(chosen, read(), read)
        if module is not None:
            service.pool.module = module
        found["loop"] = asyncio.get_running_loop()

        def on_ready(address: str) -> None:
            found["served"] = Served(address, service, found["loop"])
            is_ready.set()

        with server.listening(chosen) as sock:
            found["server"] = server.new_server(service, sock, on_ready)
            await found["server"].serve(sockets=[sock])

    def start() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            found["error"] = error
        is_ready.set()

    thread = threading.Thread(target=start)
    thread.start()
    is_ready.wait(300)
    if "error" in found:
        raise found["error"]
    try:
        yield found["served"]
    finally:
        found["served"].client.close()
        found["loop"].call_soon_threadsafe(found["server"].stop)
        thread.join(120)
        assert not thread.is_alive()
    if "error" in found:
        raise found["error"]


def drawn(emotion: str = "happy", side: int = FACE, size: tuple[int, int] = (480, 360), kind: str = "PNG") -> bytes:
    """Return a picture with a drawn face that the detector finds, as a file."""
    face = draw_face(emotion, np.random.default_rng(0)).resize((side, side), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", size, (120, 130, 140))
    picture.paste(face, ((size[0] - side) // 2, (size[1] - side) // 2))
    return encoded(picture, kind)


def plain(size: tuple[int, int] = (480, 360), kind: str = "PNG") -> bytes:
    """Return a picture without a face."""
    return encoded(Image.new("RGB", size, (120, 130, 140)), kind)


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()
