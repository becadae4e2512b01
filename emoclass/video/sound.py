"""Take the sound of one video along into another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoclass.errors import UnreadableVideoError
from emoclass.video.containers import open_video_file
from emoclass.video.files import FileFeed

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

_COPIED = ("aac", "mp3", "opus", "ac3", "eac3", "flac", "alac")
"""What players expect in an MP4. Other sound is encoded anew, as AAC."""

_RATES_OF_AAC = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


class Sound:
    """The sound of a video file, on its way into an MP4.

    Its times are kept relative to the frames of the video, so that both stay in sync.

    Args:
        path: The video file.
        output: The MP4. It gets a stream for the sound.
        start: The time, in seconds from the first frame of the video, at which the MP4 begins.

    Raises:
        UnreadableVideoError: The file has no sound, or none that can be read.
    """

    def __init__(self, path: Path, output: OutputContainer, *, start: float) -> None:
        self.notes: tuple[str, ...] = ()
        with FileFeed(path) as feed:
            self._begin = feed.origin + start  # on the clock of the file
        self._output = output
        self._file, self._container = open_video_file(path, str(path))
        try:
            self._stream = self._find(str(path))
            self._packets = self._prepare()
        except BaseException:
            self.close()
            raise
        self._next: Packet[Any] | None = None

    def write_until(self, time: float) -> None:
        """Write the sound before a time of the MP4, in seconds."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None or float((self._next.pts or 0) * self._next.time_base) >= time:
                return
            packet, self._next = self._next, None
            self._output.mux(packet)

    def close(self) -> None:
        """Close the file that the sound comes from."""
        self._container.close()
        self._file.close()

    def _find(self, name: str) -> AudioStream:
        from av.audio.stream import AudioStream

        stream = self._container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise UnreadableVideoError(name, "the original has none")
        if stream.codec_context is None:  # PyAV's type says otherwise
            raise UnreadableVideoError(name, "its codec is unknown")
        return stream

    def _prepare(self) -> Iterator[Packet[Any]]:
        """Add a stream to the MP4, and return what makes its packets."""
        source = self._stream
        codec = source.codec_context.codec.canonical_name
        if codec in _COPIED:
            return self._copy(self._output.add_stream_from_template(source))
        rate = min(_RATES_OF_AAC, key=lambda rate: abs(rate - source.rate))
        layout = "mono" if source.channels == 1 else "stereo"
        self.notes += (f"the sound ({codec}) was encoded anew as AAC",)
        return self._encode(self._output.add_stream("aac", rate=rate, layout=layout), layout, rate)

    def _copy(self, stream: AudioStream) -> Iterator[Packet[Any]]:
        last: int | None = None
        for packet in self._read():
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is None or (last is not None and stamp <= last):
                continue  # a clock that starts anew; MP4 times rise
            last = packet.dts = stamp
            packet.stream = stream
            yield packet

    def _encode(self, stream: AudioStream, layout: str, rate: int) -> Iterator[Packet[Any]]:
        import av

        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        last = -1
        for packet in self._read():
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                if frame.pts is None or frame.pts <= last:
                    continue
                last = frame.pts
                for resampled in resampler.resample(frame):
                    yield from stream.encode(resampled)
        yield from stream.encode(None)

    def _read(self) -> Iterator[Packet[AudioStream]]:
        """Return the packets from the beginning of the MP4 on, with its times."""
        import av

        base = self._stream.time_base
        if base is None:
            return
        shift = round(self._begin / base)
        try:
            if self._begin > 1:
                self._container.seek(round(1e6 * (self._begin - 1)))
            for packet in self._container.demux(self._stream):
                if packet.pts is None or packet.pts < shift:
                    continue
                packet.pts -= shift
                if packet.dts is not None:
                    packet.dts -= shift
                yield packet
        except (av.FFmpegError, OSError, IndexError):  # damaged: the sound ends here
            return
