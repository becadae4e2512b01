"""A file is a file: whatever a path or a container says, no other file, address or device is opened."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from made_videos import make_video, read_both, refuse_both, shades
from PIL import Image

from emoclass.errors import UnreadableVideoError
from emoclass.video.files import FileFeed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify tells which files were opened")


class Neighbor:
    """A video beside the one that is read, which knows whether it was opened (through the kernel, by inotify)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK)
        opened = 0x20
        assert self._libc.inotify_add_watch(self._queue, os.fsencode(path), opened) >= 0

    def was_opened(self) -> bool:
        try:
            return bool(os.read(self._queue, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._queue)


@pytest.fixture
def neighbor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbor]:
    path = make_video(tmp_path / "neighbor.ts", shades(5))
    monkeypatch.chdir(tmp_path)  # for names relative to the working directory
    watched = Neighbor(path)
    yield watched
    watched.close()


class Server:
    """A web server that serves a video and counts who comes."""

    def __init__(self, body: bytes) -> None:
        self.connections = 0
        self._body = body
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(2)
                connection.recv(4096)
                head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(self._body)}\r\n\r\n"
                connection.sendall(head.encode() + self._body)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def server(neighbor: Neighbor) -> Iterator[Server]:
    body = neighbor.path.read_bytes()
    assert neighbor.was_opened()
    serving = Server(body)
    yield serving
    serving.close()


def test_the_neighbor_and_the_server_notice_what_plain_ffmpeg_opens(neighbor, server):
    """What the tests below rely on: each of these attacks works where nothing is done against it."""
    assert not neighbor.was_opened()
    Path("list.mp4").write_text("ffconcat version 1.0\nfile neighbor.ts\n")
    for name in ("concat:neighbor.ts", "subfile,,start,0,end,0,,:neighbor.ts", "list.mp4"):
        with av.open(name) as container:
            assert len(list(container.decode(video=0))) == 5
        assert neighbor.was_opened(), name
    with av.open(f"http://{server.address}/neighbor.ts"):
        assert server.connections


ADDRESSES = [
    "concat:neighbor.ts",
    "concat:neighbor.ts|neighbor.ts",
    "concatf:list.txt",
    "subfile,,start,0,end,0,,:neighbor.ts",
    "file:neighbor.ts",
    "cache:neighbor.ts",
    "async:neighbor.ts",
    "crypto:neighbor.ts",
    "http://{server}/neighbor.ts",
    "hls+http://{server}/neighbor.m3u8",
    "tcp://{server}",
    "rtsp://{server}/neighbor",
    "ftp://{server}/neighbor.ts",
    "data:video/mp2t;base64,R0AREABC8CUAAcEAAP8B/wAB/IAUSBIBBkZGbXBlZw==",
    "pipe:0",
    "fd:0",
    "unix:/tmp/socket",
    "testsrc=duration=1",
    "lavfi",
    "movie=neighbor.ts",
    "lavfi:movie=neighbor.ts",
    "img%03d.png",
    "img*.png",
    "-",
    "neighbor.ts\0.mp4",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_no_file(neighbor, server, address):
    for index in range(3):
        Image.new("RGB", (64, 48)).save(f"img{index:03}.png")
    Path("list.txt").write_text("neighbor.ts\n")
    with pytest.raises(UnreadableVideoError, match=r"no such file|cannot be opened"):
        FileFeed(address.format(server=server.address))
    assert not neighbor.was_opened()
    assert not server.connections


def test_an_address_of_a_stream_names_the_option(tmp_path):
    with pytest.raises(UnreadableVideoError, match=r"no such file\. To read a stream or a camera: --live"):
        FileFeed("rtsp://127.0.0.1/camera")


STRANGE_NAMES = [
    "concat:neighbor.ts",
    "subfile,,start,0,end,0,,:neighbor.ts",
    "http:video.mp4",
    "data:,.mp4",
    "a:b.mp4",
    "-i.mp4",
    "--help",
    "img%03d.mp4",
    "lavfi",
    "movie=neighbor.ts",
    "playlist.m3u8",
    "line\nbreak.mp4",
    "sp ace é 影.mp4",
]


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_file_may_have_any_name(neighbor, name):
    path = make_video(Path("good.mp4"), shades(3))
    path.rename(name)
    with FileFeed(name) as feed:
        assert len(list(feed)) == 3
    assert not neighbor.was_opened()


FFCONCAT = "ffconcat version 1.0\nfile {target}\n"
M3U8 = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\n{target}\n#EXT-X-ENDLIST\n"
PLAYLISTS = {
    "ffconcat": FFCONCAT,
    "ffconcat-option": "ffconcat version 1.0\nfile {target}\noption safe 0\n",
    "m3u8": M3U8,
    "m3u8-map": M3U8.replace("#EXTINF", '#EXT-X-MAP:URI="{target}"\n#EXTINF'),
    "m3u8-key": M3U8.replace("#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF'),
    "m3u8-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
    "m3u": "#EXTM3U\n#EXTINF:1,a\n{target}\n",
    "pls": "[playlist]\nFile1={target}\nNumberOfEntries=1\n",
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>\n',
    "smil": '<smil><body><video src="{target}"/></body></smil>\n',
    "asf-reference": "[Reference]\nRef1={target}?MSWMExt=.asf\n",
    "rtsptext": "RTSPtext\n{target}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        '<Representation id="1"><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    ),
    "imf": '<?xml version="1.0"?><CompositionPlaylist><AssetMap>{target}</AssetMap></CompositionPlaylist>',
    "ismc": '<?xml version="1.0"?><SmoothStreamingMedia><StreamIndex Url="{target}"/></SmoothStreamingMedia>',
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\ntimestamp: 00:00:00:000, filepos: 0\n",
    "ffmetadata": ";FFMETADATA1\ntitle={target}\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
    "avisynth": 'DirectShowSource("{target}")\n',
    "filtergraph": "movie={target}\n",
}


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".m3u8", ".txt", ""])
@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_a_playlist_is_no_video_whatever_it_is_called(neighbor, server, playlist, suffix):
    for target in ("neighbor.ts", str(neighbor.path), f"file:{neighbor.path}", f"http://{server.address}/neighbor.ts"):
        path = Path("list" + suffix)
        path.write_text(PLAYLISTS[playlist].format(target=target))
        assert str(path) in str(refuse_both(path, r"not a video|not an image"))
    assert not neighbor.was_opened()
    assert not server.connections


def boxes_with(data: bytes, path: tuple[str, ...], body: bytes) -> bytes:
    """Replace the body of every box at a path of an MP4, and correct the sizes above it."""
    out, place = b"", 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        inner = data[place + 8 : place + size]
        if kind == path[0].encode():
            inner = body if len(path) == 1 else boxes_with(inner, path[1:], body)
        out += struct.pack(">I4s", 8 + len(inner), kind) + inner
        place += size
    return out


def alias(target: Path) -> bytes:
    """Return the body of a `dref` box whose one entry is a Macintosh alias of another file."""
    name, full = os.fsencode(target.name), os.fsencode(target)
    record = b"\0" * 10 + b"\x04disk".ljust(28, b"\0") + b"\0" * 12 + bytes([len(name)]) + name.ljust(63, b"\0")
    record += b"\0" * 16 + struct.pack(">HH", 1, 1) + b"\0" * 16
    record += struct.pack(">HH", 2, len(full)) + full + b"\0" * (len(full) % 2) + struct.pack(">HH", 0xFFFF, 0)
    record += b"\0" * 40
    entry = b"alis" + b"\0" * 4 + record
    return struct.pack(">II", 0, 1) + struct.pack(">I", 4 + len(entry)) + entry


def test_a_movie_whose_samples_lie_in_another_file_is_not_read(neighbor, tmp_path):
    other = make_video(tmp_path / "other.mov", shades(5))
    path = tmp_path / "movie.mov"
    path.write_bytes(boxes_with(other.read_bytes(), ("moov", "trak", "mdia", "minf", "dinf", "dref"), alias(other)))
    watched = Neighbor(other)
    with av.open(str(path), options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
        assert len(list(container.decode(video=0))) == 5
    assert watched.was_opened()  # so the reference is a good one
    refuse_both(path, r"movie\.mov: ")
    assert not watched.was_opened()
    watched.close()


@pytest.mark.parametrize("kind", ["mkv-attachment", "avi-title", "mp4-title", "mkv-segment"])
def test_names_in_metadata_are_not_followed(neighbor, tmp_path, kind):
    suffix, _, what = kind.partition("-")
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 64, 48
        output.metadata.update(title=str(neighbor.path), filename=str(neighbor.path), comment="file:neighbor.ts")
        if what == "attachment":
            output.add_attachment(str(neighbor.path), "video/mp2t", FFCONCAT.format(target="neighbor.ts").encode())
        for pixels in shades(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    if what == "segment":  # NextFilename, in place of the name of the program that wrote the file
        data = path.read_bytes()
        place = data.index(b"\x4d\x80")
        length = data[place + 2] & 0x7F
        named = b"\x3e\x83\xbb" + bytes([0x80 | length - 1]) + b"neighbor.ts".ljust(length - 1, b"\0")
        path.write_bytes(data[:place] + named + data[place + 3 + length :])
    assert len(read_both(path)[0]) == 3
    assert not neighbor.was_opened()


OTHER_CONTAINERS = {"mxf": "mpeg2video", "nut": "mpeg4", "h264": "libx264", "y4m": "wrapped_avframe"}


@pytest.mark.parametrize("suffix", OTHER_CONTAINERS)
def test_containers_that_are_not_on_the_list_are_refused(tmp_path, suffix):
    path = make_video(tmp_path / f"a.{suffix}", shades(3), codec=OTHER_CONTAINERS[suffix])
    refuse_both(path, r"not a video \(supported: MP4, MOV")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM"])
@pytest.mark.parametrize("suffix", ["", ".mp4"])
def test_a_still_picture_names_the_command_for_pictures(tmp_path, kind, suffix):
    path = tmp_path / f"a.{kind.lower()}{suffix}"
    Image.new("RGB", (64, 48), "red").save(path, kind)
    expected = (
        r"not a video" if kind == "PPM" else r"a picture, expected a video\. To classify pictures: emoclass predict"
    )
    refuse_both(path, expected)


def test_an_animated_gif_is_a_video_and_other_animations_are_not(tmp_path):
    pictures = [Image.fromarray(pixels) for pixels in shades(4)]
    for kind in ("GIF", "WEBP", "PNG"):
        path = tmp_path / f"a.{kind.lower()}"
        pictures[0].save(path, kind, save_all=True, append_images=pictures[1:], duration=100)
    assert [frame.time for frame in read_both(tmp_path / "a.gif")[0]] == pytest.approx([0, 0.1, 0.2, 0.3])
    refuse_both(tmp_path / "a.webp", r"an animated picture \(WEBP\), expected MP4")
    refuse_both(tmp_path / "a.png", r"picture")


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/urandom", "/proc/self/mem", "/"])
def test_devices_and_folders_are_no_files(name):
    with pytest.raises(UnreadableVideoError, match=r"not a regular file|cannot be opened|empty file"):
        FileFeed(name)


def test_pipes_sockets_and_what_is_not_there(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.mp4")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.mp4")
        for name in ("pipe.mp4", "socket.mp4"):
            with pytest.raises(UnreadableVideoError, match=r"not a regular file"):
                FileFeed(name)
    (tmp_path / "link.mp4").symlink_to("gone.mp4")
    for name in ("gone.mp4", "link.mp4"):
        with pytest.raises(UnreadableVideoError, match=r"no such file"):
            FileFeed(name)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnreadableVideoError, match=r"empty file"):
        FileFeed("empty.mp4")
