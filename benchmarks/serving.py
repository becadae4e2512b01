"""Load on `emoclass serve`, beside a Flask script that a user would write around the same library.

    pip install flask
    python benchmarks/serving.py [--photos DIR] [--clients 64] [--requests 5000] [--rounds 2] [--alone] [--seconds N]

All clients send images at once: drawn photographs with faces (or the photographs of DIR), and the odd and hostile ones
of tests/hostile.py, one or three in a request, as multipart, as raw bytes or in JSON. What the library itself says of
each image was asked before. The exit status is 1 if an answer is wrong, a request is lost, or the memory of all the
service's processes grows by more than 300 MB. A request that gets 503 is sent again after Retry-After.

The two sides take turns, `--rounds` times, with the same requests; the script gets all of them as multipart, since it
reads nothing else. `--alone` leaves the script out, `--seconds` ends after a time.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hostile import variants

import emoclass
from emoclass.data.images import quiet_decoders
from emoclass.data.synthetic_faces import draw_face

PLAIN = Path(__file__).with_name("plain_service.py")

MOST_GROWTH = 300
"""MB that the memory of the service may grow by."""

TOLERANCE = 1e-3
"""Of probabilities: in a batch of another size, a network adds up in another order."""


@dataclass(frozen=True)
class Sent:
    """An image, and what the library says of it: None if it cannot be read."""

    data: bytes
    faces: list[dict[str, Any]] | None


@dataclass
class Tally:
    """What came back."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    images: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: Tally) -> Tally:
        self.milliseconds += other.milliseconds
        self.statuses += other.statuses
        self.wrong += other.wrong
        self.lost += other.lost
        self.images += other.images
        self.seconds += other.seconds
        return self

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.milliseconds) / self.seconds


def draw(n_images: int) -> Iterator[bytes]:
    """Yield JPEG files of 640x480 pixels with one to three drawn faces."""
    rng = np.random.default_rng(0)
    emotions = ("happy", "sad", "angry", "surprised", "neutral")
    for number in range(n_images):
        picture = Image.fromarray(rng.integers(90, 160, (6, 8, 3)).astype(np.uint8)).resize((640, 480))
        for place in range(1 + number % 3):
            side = int(rng.integers(120, 200))
            face = draw_face(emotions[int(rng.integers(5))], rng).resize((side, side))
            picture.paste(face, (10 + 210 * place, int(rng.integers(10, 270))))
        file = BytesIO()
        picture.save(file, "JPEG")
        yield file.getvalue()


def ask_library(good: Sequence[bytes]) -> tuple[list[Sent], list[Sent]]:
    """Return the good images and the odd and hostile ones, each with what the library says of it."""
    classifier = emoclass.load("faces").with_faces()
    every = [*good, *variants().values()]
    sent = []
    with warnings.catch_warnings(), quiet_decoders():
        warnings.simplefilter("ignore")
        for data, found in zip(every, classifier.find_batches(every), strict=True):
            sent.append(Sent(data, None if isinstance(found, emoclass.Unreadable) else found.to_json()["faces"]))
    return sent[: len(good)], sent[len(good) :]


def is_right(answer: dict[str, Any], image: Sent) -> bool:
    """Tell whether an answer says what the library says."""
    if image.faces is None or "error" in answer:
        return image.faces is None and "error" in answer
    if len(answer["faces"]) != len(image.faces):
        return False
    return all(
        face["label"] == expected["label"]
        and np.allclose(face["box"], expected["box"], atol=1)
        and face["scores"].keys() == expected["scores"].keys()
        and all(abs(face["scores"][name] - score) < TOLERANCE for name, score in expected["scores"].items())
        for face, expected in zip(answer["faces"], image.faces, strict=True)
    )


def body_of(images: Sequence[Sent], kind: str) -> tuple[str, bytes]:
    """Return the content type and the body of a request."""
    if kind == "raw":
        return "application/octet-stream", images[0].data
    if kind == "json":
        coded = [base64.b64encode(image.data).decode() for image in images]
        return "application/json", json.dumps({"images": coded}).encode()
    parts = [
        b'--border\r\nContent-Disposition: form-data; name="images"; filename="%d.jpg"\r\n\r\n%b\r\n' % (n, image.data)
        for n, image in enumerate(images)
    ]
    return "multipart/form-data; boundary=border", b"".join(parts) + b"--border--\r\n"


class Client:
    """A client that keeps its connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, kind: str, body: bytes) -> tuple[int, bytes, bytes]:
        """Return the status, the headers and the body of an answer."""
        head = f"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        if self._streams is not None:
            try:
                return await self._exchange(message)
            except (ConnectionError, asyncio.IncompleteReadError):  # it was idle for too long
                self.close()
        return await self._exchange(message)

    async def _exchange(self, message: bytes) -> tuple[int, bytes, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(message)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))  # type: ignore[index]
        if b"connection: close" in head:
            self.close()
        return int(head.split()[1]), head, body

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def load(port: int, requests: Sequence[tuple[str, Sequence[Sent]]], n_clients: int, seconds: float) -> Tally:
    """Send all requests, each client one after the other."""
    tally = Tally()
    waiting = iter(requests)
    began = time.perf_counter()

    async def one(client: Client, kind: str, images: Sequence[Sent]) -> None:
        content_type, body = body_of(images, kind)
        while True:
            sent = time.perf_counter()
            status, head, answer = await asyncio.wait_for(client.post(content_type, body), 120)
            tally.statuses[status] += 1
            if status != 503:
                break
            await asyncio.sleep(int(re.search(rb"retry-after: (\d+)", head)[1]))  # type: ignore[index]
        tally.milliseconds.append(1000 * (time.perf_counter() - sent))
        tally.images += len(images)
        document = json.loads(answer)
        if status == 422:
            document = document["errors"]
        elif status != 200:
            tally.wrong.append(f"{status}: {answer[:200]!r}")
            return
        if len(document) != len(images):
            tally.wrong.append(f"{len(document)} answers to {len(images)} images")
        for got, image in zip(document, images, strict=False):
            if not is_right(got, image):
                tally.wrong.append(f"expected {image.faces}, got {got}")

    async def go_on() -> None:
        client = Client(port)
        for kind, images in waiting:
            if time.perf_counter() - began > seconds:
                break
            try:
                await one(client, kind, images)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                tally.lost.append(repr(error))
                client.close()
        client.close()

    await asyncio.gather(*(go_on() for _ in range(n_clients)))
    tally.seconds = time.perf_counter() - began
    return tally


class Memory(threading.Thread):
    """Watches the memory of a process and all its children, in MB."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._stops = threading.Event()
        self.start_size = self.most = self._now()

    def run(self) -> None:
        """Look until `stop`."""
        while not self._stops.wait(0.25):
            self.most = max(self.most, self._now())

    def stop(self) -> None:
        """Look no more."""
        self._stops.set()
        self.join()

    def _now(self) -> float:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / 1e6


@contextmanager
def started(command: Sequence[str]) -> Iterator[tuple[int, psutil.Process]]:
    """Start a server, and give its port and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        [each.replace("PORT", str(port)) for each in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        for _ in range(600):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
                    client.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if client.recv(100):  # the service answers as soon as the models are loaded
                        break
            except OSError:
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def plan(good: Sequence[Sent], bad: Sequence[Sent], n_requests: int, *, only: str | None) -> list[tuple[str, Any]]:
    """Return the kinds and images of all requests: three good images to one that is odd or hostile."""
    rng = random.Random(0)
    every = []
    for number in range(n_requests):
        kind = rng.choice(("raw", "raw", "multipart", "multipart", "json"))
        images = [rng.choice(good if rng.random() < 0.75 else bad) for _ in range(3 if number % 10 == 0 else 1)]
        every.append((only or kind, images if kind != "raw" else images[:1]))
    return every


def describe(name: str, tally: Tally) -> str:
    """Return a line of figures."""
    half, late = np.percentile(tally.milliseconds, (50, 99))
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
    return (
        f"{name}: {len(tally.milliseconds)} requests ({tally.images} images) in {tally.seconds:.1f} s, "
        f"{tally.rate:.1f} a second, p50 {half:.0f} ms, p99 {late:.0f} ms; "
        f"statuses {counts}; {len(tally.wrong)} wrong, {len(tally.lost)} lost"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a folder of photographs; drawn ones by default")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--alone", action="store_true", help="without the Flask script")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many seconds")
    given = parser.parse_args()

    good: list[bytes] = (
        [path.read_bytes() for path in sorted(given.photos.rglob("*.*"))] if given.photos else list(draw(200))
    )
    asked = ask_library(good)
    n_faces = sum(len(each.faces or ()) for each in asked[0])
    print(f"{len(asked[0])} photographs with {n_faces} faces, {len(asked[1])} odd and hostile images", flush=True)
    service = [
        sys.executable,
        "-m",
        "emoclass",
        "serve",
        "faces",
        "--port",
        "PORT",
        "--quiet",
        "--max-megapixels",
        "89",
    ]
    script = [sys.executable, str(PLAIN), "PORT"]
    ours, theirs = Tally(), Tally()
    n_each = given.requests // given.rounds
    with started(service) as (port, process):
        memory = Memory(process)
        memory.start()
        for turn in range(given.rounds):
            part = slice(turn * n_each, (turn + 1) * n_each)
            seconds = given.seconds / given.rounds
            requests = plan(*asked, given.requests, only=None)[part]
            ours += asyncio.run(load(port, requests, given.clients, seconds))
            if given.alone:
                continue
            with started(script) as (other, _):
                requests = plan(*asked, given.requests, only="multipart")[part]
                theirs += asyncio.run(load(other, requests, given.clients, seconds))
        memory.stop()
    print(describe("emoclass serve", ours))
    growth = memory.most - memory.start_size
    print(f"memory: {memory.start_size:.0f} MB at the start, at most {growth:.0f} MB more")
    if not given.alone:
        print(describe("Flask script", theirs))
        print(f"emoclass serve answers {ours.rate / theirs.rate:.2f} times as many requests a second")
    for each in (*ours.wrong[:10], *ours.lost[:10]):
        print(f"  {each:.500}", file=sys.stderr)
    return int(bool(ours.wrong or ours.lost or growth > MOST_GROWTH))


if __name__ == "__main__":
    sys.exit(main())
