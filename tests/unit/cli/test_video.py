"""`emoclass video` on videos that the tests encode: red squares are faces."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_detector import SPEC, picture

pytest.importorskip("av", reason="needs the video extra")

import numpy as np
from made_videos import make_video

from emoclass.cli import cli
from emoclass.errors import ConfigError, OutputError, UnreadableVideoError
from emoclass.values.cells import from_cells
from emoclass.video import write
from emoclass.video.files import FileFeed

RATE = 25
FILES = ["events.csv", "frames.csv", "persons.csv", "report.html", "timeline.png", "video.json"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", lambda *_: SPEC)
    return tmp_path


def frames(count, *faces, size=(320, 240), side=80):
    return [np.asarray(picture(*faces, size=size, side=side)) for _ in range(count)]


@pytest.fixture
def clip(here):
    """Two persons for a second, one of them for another."""
    return make_video(here / "clip.mp4", frames(25, 20, 200) + frames(25, 20), sound_seconds=2.0)


def run(*arguments):
    result = CliRunner().invoke(cli, ["video", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def rows(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [from_cells(row) for row in csv.DictReader(file)]


def test_tables_have_a_row_for_each_face_and_frame_and_for_each_person(crop_bundle, clip):
    result = run(crop_bundle, clip, "--out", "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in Path("out").iterdir()) == FILES
    table = rows("out/frames.csv")
    emotions = ["happy", "sad", "angry"]
    place = ["left", "top", "width", "height", "detection"]
    raw = [f"{emotion}_raw" for emotion in emotions]
    assert list(table[0]) == ["frame", "time", "person", *place, "label", "probability", *emotions, *raw]
    assert len([row for row in table if row["person"] == "1"]) == 46, "all but the first four frames"
    assert len([row for row in table if row["person"] == "2"]) == 21
    for row in table:
        assert float(row["time"]) == pytest.approx(int(row["frame"]) / RATE, abs=1e-3)
        assert sum(float(row[emotion]) for emotion in emotions) == pytest.approx(1, abs=2e-4)
        assert float(row["probability"]) == float(row[row["label"]])
    persons = rows("out/persons.csv")
    assert [(row["person"], row["frames"]) for row in persons] == [("1", "46"), ("2", "21")]
    assert float(persons[0]["visible_seconds"]) == pytest.approx(46 / RATE, abs=0.01)
    assert float(persons[1]["end"]) == pytest.approx(1.0, abs=0.01)
    assert sum(float(persons[0][f"{emotion}_seconds"]) for emotion in emotions) == pytest.approx(46 / RATE, abs=0.01)


def test_the_summary_says_what_was_seen_and_where_it_is(crop_bundle, clip):
    result = run(crop_bundle, clip, "--out", "out")
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"clip\.mp4: 2\.0 s, 50 frames of 320x240, 2 persons, \d events?", lines[0])
    assert lines[2].split()[:3] == ["person", "from", "to"]
    assert lines[3].split()[:3] == ["1", "00:00.2", "00:02.0"]
    assert "Report: out/report.html" in lines
    assert re.search(r"^Watched in [\d.]+ s: [\d.]+ times real time, with the model tiny$", result.stdout, re.MULTILINE)
    assert result.stderr.startswith("Watching ")
    document = json.loads(Path("out/video.json").read_text())
    assert document["frames"] == 50 and len(document["persons"]) == 2 and not document["is_interrupted"]
    assert document["settings"]["Face detector"] == "red"


def test_events_are_in_the_table_the_lines_and_the_document(crop_bundle, clip):
    result = run(crop_bundle, clip, "--out", "out", "--jsonl", "--labels", "happy,sad")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds.count("frame") == 50 and kinds.count("person") == 2 and kinds[-2:] == ["person", "person"]
    table = rows("out/events.csv")
    assert table and kinds.count("event") == len(table), "of two emotions one always has half"
    assert [line["person"] for line in lines if line["kind"] == "event"] == [int(row["person"]) for row in table]
    for row in table:
        assert float(row["seconds"]) == pytest.approx(float(row["end"]) - float(row["start"]), abs=2e-3)
        assert 0.5 <= float(row["peak"]) <= 1
    assert json.loads(Path("out/video.json").read_text())["events"]


def test_json_lines_need_no_folder_and_come_one_a_frame(crop_bundle, clip):
    result = run(crop_bundle, clip, "--jsonl", "--quiet")
    assert result.exit_code == 0 and result.stderr == ""
    first = json.loads(result.stdout.splitlines()[0])
    assert first == {"kind": "frame", "frame": 0, "time": 0.0, "is_cut": False, "persons": []}
    person = json.loads(result.stdout.splitlines()[10])["persons"][0]
    assert list(person) == ["person", "box", "detection", "label", "probability", "scores", "raw"]


def test_the_annotated_copy_has_all_frames_in_time_the_boxes_and_the_sound(crop_bundle, clip):
    import av

    assert run(crop_bundle, clip, "--out", "out", "--annotate").exit_code == 0
    with FileFeed("out/annotated.mp4") as feed:
        found = list(feed)
    assert [frame.time for frame in found] == pytest.approx([step / RATE for step in range(50)], abs=2e-3)
    before, after = found[2].pixels.astype(int), found[20].pixels.astype(int)
    changed = np.abs(before - after).max(axis=2) > 60
    assert changed[:, :120].sum() > 200 and changed[:, 180:].sum() > 200, "boxes around both"
    with av.open("out/annotated.mp4") as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == "vp9"
        (sound,) = container.streams.audio
        assert float(sound.duration * sound.time_base) == pytest.approx(2.0, abs=0.1)


def test_a_part_of_a_video_keeps_its_times(crop_bundle, clip):
    run(crop_bundle, clip, "--out", "out", "--start", "00:00.4", "--end", "1.2", "--annotate", "--codec", "h264")
    table = rows("out/frames.csv")
    times = [float(row["time"]) for row in table]
    assert min(times) >= 0.4 and max(times) < 1.2
    with FileFeed("out/annotated.mp4") as feed:
        assert len(list(feed)) == 20


def test_every_leaves_raw_values_out_in_between(crop_bundle, clip):
    run(crop_bundle, clip, "--out", "out", "--every", "0.4")
    first = [row for row in rows("out/frames.csv") if row["person"] == "1"]
    assert len(first) == 44, "found three times, a tenth of a second apart, it is a person"
    assert 4 <= sum(row["happy_raw"] != "" for row in first) <= 6


def test_a_video_without_a_face_has_tables_and_a_page(crop_bundle, here):
    make_video(here / "empty.mp4", frames(10))
    result = run(crop_bundle, "empty.mp4", "--out", "out")
    assert result.exit_code == 0 and ", 0 persons, 0 events" in result.stdout
    assert rows("out/frames.csv") == rows("out/persons.csv") == rows("out/events.csv") == []
    assert "No person was found" in Path("out/report.html").read_text()


def test_a_folder_that_holds_something_is_refused_before_anything_is_read(crop_bundle, clip):
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"folder out: expected a new or empty folder"):
        run("no-such-model", "no-such-video", "--out", "out")
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]


def test_a_video_that_cannot_be_read_leaves_no_folder(crop_bundle, here):
    with pytest.raises(UnreadableVideoError, match=r"gone\.mp4: no such file"):
        run(crop_bundle, "gone.mp4", "--out", "out")
    assert not Path("out").exists()


@pytest.mark.parametrize("more", [(), ("--annotate",)])
def test_a_start_behind_the_end_leaves_no_folder(crop_bundle, clip, more):
    """So the corrected command can be given the same one."""
    with pytest.raises(UnreadableVideoError, match="no frames from 100 s on"):
        run(crop_bundle, clip, "--start", "100", "--out", "out", *more)
    assert not Path("out").exists()


def test_a_copy_that_cannot_be_encoded_leaves_no_folder(crop_bundle, clip, monkeypatch):
    monkeypatch.setitem(write._ENCODERS, "h264", ("no-such-encoder", {}))
    with pytest.raises(ConfigError, match="codec h264"):
        run(crop_bundle, clip, "--annotate", "--codec", "h264", "--out", "out")
    assert not Path("out").exists()


def test_a_file_is_a_file_whatever_it_is_called(crop_bundle, here):
    for name in ("http://127.0.0.1:1/a.mp4", "concat:a.mp4|b.mp4", "rtsp://127.0.0.1/a"):
        with pytest.raises(UnreadableVideoError, match="no such file"):
            run(crop_bundle, name, "--out", "out")


def test_live_has_no_start(crop_bundle, here):
    with pytest.raises(ConfigError, match=r"start: expected none with live"):
        run(crop_bundle, "udp://127.0.0.1:9", "--live", "--start", "1", "--out", "out")


@pytest.mark.parametrize("given", ["abc", "1:2:3:4", "-1", "1:", "inf", "1e3"])
def test_a_time_that_is_none_is_refused(crop_bundle, clip, given):
    result = run(crop_bundle, clip, "--out", "out", f"--start={given}")
    assert result.exit_code == 2 and "expected seconds, MM:SS or HH:MM:SS" in result.stderr


def test_something_must_be_asked_for(crop_bundle, clip):
    for arguments in ([], ["--jsonl", "--annotate"]):
        result = run(crop_bundle, clip, *arguments)
        assert result.exit_code == 2 and "--out: expected a folder" in result.stderr


def test_strange_names_are_spelled_out(crop_bundle, here):
    name = "=1+1 \x1b[31m<script>alert(1)<b>\n.mp4"
    make_video(here / "a.mp4", frames(12, 20)).rename(here / name)
    result = run(crop_bundle, name, "--out", "out")
    assert "\x1b[31m" not in result.stdout + result.stderr and "\\x1b[31m" in result.stdout
    page = Path("out/report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page and "\x1b" not in page
    assert json.loads(Path("out/video.json").read_text())["source"].startswith("=1+1 \\x1b")


def test_a_damaged_video_keeps_what_was_read_and_says_so(crop_bundle, here):
    whole = make_video(here / "whole.mkv", frames(100, 20), key_every=5)
    Path("cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    result = run(crop_bundle, "cut.mkv", "--out", "out")
    assert result.exit_code == 0 and rows("out/frames.csv")
    assert "Note: cut: it ends after" in result.stderr
    assert "it ends after" in Path("out/report.html").read_text()


def test_predict_names_the_command(crop_bundle, clip):
    result = CliRunner().invoke(cli, ["predict", str(crop_bundle), "clip.mp4"])
    assert result.exit_code == 1 and "for videos: emoclass video" in result.stdout


def command(bundle, *arguments):
    """Return the line that runs the command in a process of its own, with the detector of the tests."""
    code = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from fake_detector import SPEC
        import emoclass.inference.classifier as classifier
        classifier.choose_detector = lambda *_: SPEC
        from emoclass.cli import main
        main(["video", {str(bundle)!r}, *{list(arguments)!r}])
        """
    )
    return [sys.executable, "-c", code]


def test_lines_that_nobody_reads_any_more_leave_complete_files(crop_bundle, here):
    """As with `| head`."""
    make_video(here / "long.mp4", frames(1500, 20))
    line = command(crop_bundle, "long.mp4", "--out", "out", "--jsonl")
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(5):
            process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=60) != 0 and "Traceback" not in errors
    assert sorted(path.name for path in Path("out").iterdir()) == FILES
    assert json.loads(Path("out/video.json").read_text())["is_interrupted"]
    assert len(rows("out/frames.csv")) < 1400


def _listen_to_ctrl_c():
    """Listen to Ctrl-C, even where the tests run in the background of a shell, and are deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_leaves_complete_files(crop_bundle, here):
    """A real signal, in a process of its own."""
    make_video(here / "long.mp4", frames(1500, 20), sound_seconds=1.0)
    line = command(crop_bundle, "long.mp4", "--out", "out", "--jsonl", "--annotate")
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_listen_to_ctrl_c
    ) as process:
        for _ in range(40):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Interrupted: everything up to there was written." in errors and "Traceback" not in errors
    assert sorted(path.name for path in Path("out").iterdir()) == ["annotated.mp4", *FILES]
    table = rows("out/frames.csv")
    last = int(table[-1]["frame"])
    assert 30 < last < 1400 and all(None not in row.values() for row in table)
    with FileFeed("out/annotated.mp4") as feed:
        assert len(list(feed)) == last + 1
    assert json.loads(Path("out/video.json").read_text())["is_interrupted"]
    assert [json.loads(line)["kind"] for line in output.splitlines()][-1] == "person"
    assert "stopped before the end" in Path("out/report.html").read_text()
