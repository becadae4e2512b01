from __future__ import annotations

import io
import socket
import sys
import threading
import time
import types
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import pytest
from made_videos import RED, make_video, quadrants, shade, shades

from emoclass.errors import ConfigError, MissingPackageError, UnreadableVideoError
from emoclass.video.live import LiveFeed


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Sender(threading.Thread):
    """Sends shades as MPEG-TS, in real time, until it has sent them all or is stopped."""

    def __init__(self, address: str, n: int = 50, rate: int = 50, pause_after: int | None = None) -> None:
        super().__init__(daemon=True)
        self.address, self.n, self.rate, self.pause_after = address, n, rate, pause_after
        self.stopped = threading.Event()

    def run(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                with av.open(self.address, "w", format="mpegts", options={"flush_packets": "1"}) as output:
                    self._send(output)
                return
            except av.error.ConnectionRefusedError:  # nobody listens yet
                if self.stopped.wait(0.1) or time.monotonic() > deadline:
                    return
            except av.FFmpegError:  # who listened is gone
                return

    def _send(self, output: av.container.OutputContainer) -> None:
        stream = output.add_stream("libx264", rate=self.rate, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.gop_size = 5
        output.start_encoding()
        begin = time.monotonic()
        for index in range(self.n):
            if index == self.pause_after:
                self.stopped.wait(20)
            if self.stopped.wait(max(0.0, begin + index / self.rate - time.monotonic())):
                return
            frame = av.VideoFrame.from_ndarray(shades(index % 50 + 1)[-1])
            frame.pts, frame.time_base = index, Fraction(1, self.rate)
            output.mux(stream.encode(frame))


@pytest.fixture
def senders() -> Iterator[list[Sender]]:
    running: list[Sender] = []
    yield running
    for sender in running:
        sender.stopped.set()
        sender.join(10)


def start(senders: list[Sender], sender: Sender) -> None:
    senders.append(sender)
    sender.start()


def test_udp(senders):
    port = free_port(socket.SOCK_DGRAM)
    start(senders, Sender(f"udp://127.0.0.1:{port}?pkt_size=1316", n=400))
    with LiveFeed(f"udp://127.0.0.1:{port}", timeout_seconds=20) as feed:
        assert feed.size == (64, 48)
        assert feed.duration is None
        frames = [frame for frame, _ in zip(feed, range(20), strict=False)]
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert times[0] >= 0
    assert [frame.number for frame in frames] == list(range(20))
    # Times and pictures belong together: a frame is 1/50 s and one shade after the one before.
    assert [round((frame.time - times[0]) * 50) % 50 for frame in frames] == [
        (shade(frame.pixels) - shade(frames[0].pixels)) % 50 for frame in frames
    ]


def test_tcp_ends_when_the_sender_does(senders):
    port = free_port()
    start(senders, Sender(f"tcp://127.0.0.1:{port}", n=60))
    with LiveFeed(f"tcp://127.0.0.1:{port}?listen=1", timeout_seconds=20) as feed:
        frames = list(feed)
    assert shade(frames[-1].pixels) == 59 - 50
    assert 0.5 < frames[-1].time <= 1.2


def test_who_is_slow_gets_the_newest_frame(senders):
    port = free_port(socket.SOCK_DGRAM)
    start(senders, Sender(f"udp://127.0.0.1:{port}?pkt_size=1316", n=500, rate=50))
    with LiveFeed(f"udp://127.0.0.1:{port}", timeout_seconds=20) as feed:
        frames = iter(feed)
        next(frames)
        began, first = time.monotonic(), next(frames).time
        for _ in range(4):
            time.sleep(0.4)
            last = next(frames).time
        behind = abs(last - first - (time.monotonic() - began))
        missed = feed.notes
    assert behind < 1.2  # the stream and this loop go at one pace; if frames queued up, it would be more than 1.5 s
    assert missed and "frames that were missed because newer ones had come" in missed[0]


@pytest.mark.parametrize("address", ["udp://127.0.0.1:{port}", "tcp://127.0.0.1:{port}", "rtsp://127.0.0.1:{port}/x"])
def test_silence_is_said_in_time(address):
    kind = socket.SOCK_DGRAM if address.startswith("udp") else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as silent:  # answers nothing
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            silent.listen()
        else:
            port = free_port(socket.SOCK_DGRAM)
        began = time.monotonic()
        with pytest.raises(UnreadableVideoError, match=r"127\.0\.0\.1:\d+.*: nothing came for 1 s"):
            LiveFeed(address.format(port=port), timeout_seconds=1)
        assert time.monotonic() - began < 10


def test_a_stream_that_falls_silent_ends_with_a_note(senders):
    port = free_port(socket.SOCK_DGRAM)
    start(senders, Sender(f"udp://127.0.0.1:{port}?pkt_size=1316", n=100, pause_after=60))
    with LiveFeed(f"udp://127.0.0.1:{port}", timeout_seconds=4) as feed:
        assert len(list(feed)) > 5
    assert feed.notes[0] == "the stream stopped: nothing came for 4 s"


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "rtsp://127.0.0.1:{port}/x", "rtsps://127.0.0.1:{port}/x"]
)
def test_nobody_listens(address):
    with socket.socket() as bound, pytest.raises(UnreadableVideoError, match=r"connection refused"):
        bound.bind(("127.0.0.1", 0))
        LiveFeed(address.format(port=bound.getsockname()[1]), timeout_seconds=20)


def test_what_is_sent_may_not_be_a_playlist():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"ffconcat version 1.0\nfile neighbor.ts\n" + b"# \n" * 5000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(UnreadableVideoError, match=r"invalid"):
            LiveFeed(f"tcp://127.0.0.1:{port}", timeout_seconds=20)
        thread.join()


@pytest.mark.parametrize(
    "source",
    ["clip.mp4", "http://127.0.0.1/a.ts", "file:///a.mp4", "concat:a|b", "rtmp://a/b", "camera:", "camera:x", "-"],
)
def test_only_streams_and_cameras_are_live(source):
    with pytest.raises(ConfigError, match=r"live: expected camera:NUMBER or an address of rtsp, rtsps, udp, tcp"):
        LiveFeed(source)


def test_messages_do_not_tell_passwords():
    with socket.socket() as bound, pytest.raises(UnreadableVideoError) as raised:
        bound.bind(("127.0.0.1", 0))
        LiveFeed(f"rtsp://me:secret@127.0.0.1:{bound.getsockname()[1]}/x", timeout_seconds=20)
    assert "secret" not in str(raised.value)
    assert "rtsp://127.0.0.1" in str(raised.value)


class RtspServer(threading.Thread):
    """Answers one RTSP client with MPEG-TS through the connection itself (interleaved RTP)."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"rtsp://127.0.0.1:{self.listener.getsockname()[1]}/stream"

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with self.listener, connection, connection.makefile("rb") as requests:
            connection.settimeout(20)
            while True:
                head = []
                while line := requests.readline().strip().decode():
                    head.append(line)
                if not head:
                    return
                number = next(line.partition(":")[2].strip() for line in head if line.lower().startswith("cseq"))
                method, answer, body = head[0].split()[0], "", b""
                if method == "OPTIONS":
                    answer = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
                elif method == "DESCRIBE":
                    body = (
                        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=a\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:one\r\n"
                    )
                    answer = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                elif method == "SETUP":
                    answer = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
                connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{answer}\r\n".encode() + body)
                if method == "PLAY":
                    self._play(connection)
                    return

    def _play(self, connection: socket.socket) -> None:
        packets = io.BytesIO(self.stream)
        count = 0
        while payload := packets.read(7 * 188):
            header = bytes([0x80, 33]) + count.to_bytes(2, "big") + (count * 90).to_bytes(4, "big") + b"\0\0\0\1"
            connection.sendall(b"$\0" + (12 + len(payload)).to_bytes(2, "big") + header + payload)
            count += 1
            time.sleep(0.005)


def test_rtsp(tmp_path):
    n = 50
    path = make_video(tmp_path / "a.ts", shades(n), options={"tune": "zerolatency"})
    server = RtspServer(path.read_bytes())
    server.start()
    with LiveFeed(server.address, timeout_seconds=20) as feed:
        assert feed.size == (64, 48)
        frames = list(feed)
    last = shade(frames[-1].pixels)
    assert last >= n - 2  # of what comes after the last whole packet nothing tells FFmpeg
    assert frames[-1].time - frames[0].time == pytest.approx((last - shade(frames[0].pixels)) / 25, abs=0.001)
    server.join(10)


def test_a_camera_is_read_through_opencv(tmp_path, monkeypatch):
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV, which emoclass-yunet brings")
    path = make_video(tmp_path / "a.avi", [quadrants()] * 5, codec="mjpeg", pixel_format="yuvj420p")
    real, opened = cv2.VideoCapture, []

    def fake(index: int) -> object:
        opened.append(index)
        return real(str(path))

    monkeypatch.setattr(cv2, "VideoCapture", fake)
    with LiveFeed("camera:3") as feed:
        assert feed.size == (64, 48)
        frame = next(iter(feed))
    assert opened == [3]
    assert np.abs(frame.pixels[5, 5].astype(int) - RED).max() < 20
    assert frame.pixels.flags.c_contiguous


def test_a_camera_that_is_not_there(capfd):
    pytest.importorskip("cv2", reason="needs OpenCV, which emoclass-yunet brings")
    with pytest.raises(UnreadableVideoError, match=r"camera:97: no such camera, or another program uses it"):
        LiveFeed("camera:97")
    assert capfd.readouterr() == ("", "")


def test_a_camera_that_stops_and_one_that_hangs(monkeypatch):
    class Capture:
        frames = 3

        def __init__(self, index: int) -> None:
            self.left = self.frames

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def read(self) -> tuple[bool, np.ndarray | None]:
            self.left -= 1
            if self.left < 0:
                time.sleep(self.pause)
            return self.left >= 0, np.zeros((48, 64, 3), np.uint8)

        pause = 0.0

        def release(self) -> None:
            pass

    logging = types.SimpleNamespace(LOG_LEVEL_SILENT=0, getLogLevel=lambda: 3, setLogLevel=lambda level: None)
    module = types.SimpleNamespace(VideoCapture=Capture, utils=types.SimpleNamespace(logging=logging))
    monkeypatch.setitem(sys.modules, "cv2", module)
    monkeypatch.setattr("emoclass.video.live.find_spec", lambda name: module)
    with LiveFeed("camera:0") as feed:
        assert 1 <= len(list(feed)) <= 3
    Capture.pause = 5.0
    with LiveFeed("camera:0", timeout_seconds=2) as feed:
        list(feed)
    assert feed.notes[0] == "the stream stopped: nothing came for 2 s"


def test_without_opencv_the_message_names_the_package(monkeypatch):
    monkeypatch.setattr("emoclass.video.live.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"pip install emoclass-yunet"):
        LiveFeed("camera:0")


def test_without_pyav_the_message_names_the_extra(monkeypatch):
    monkeypatch.setattr("emoclass.video.containers.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r'pip install "emoclass\[video\]"'):
        LiveFeed("rtsp://127.0.0.1/x")


def test_memory_stays_flat_while_nobody_looks(senders):
    psutil = pytest.importorskip("psutil", reason="measures memory")
    port = free_port(socket.SOCK_DGRAM)
    start(senders, Sender(f"udp://127.0.0.1:{port}?pkt_size=1316", n=1000, rate=200))
    with LiveFeed(f"udp://127.0.0.1:{port}", timeout_seconds=20) as feed:
        next(iter(feed))
        before = psutil.Process().memory_info().rss
        time.sleep(2)
        assert psutil.Process().memory_info().rss - before < 50 * 2**20
        next(iter(feed))
