"""What `emoclass predict` finds: files, folders, patterns, and paths on stdin."""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from predicting import ALL, listed, run

from emoclass.cli import cli
from emoclass.cli.inputs import Inputs
from emoclass.errors import DataError
from emoclass.values.results import Unreadable


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (["photos"], ALL),
        (["photos/b.png"], ["photos/b.png"]),
        (["photos/*.png", "photos/a.JPG"], ["photos/b.png", "photos/a.JPG"]),
        (["photos/**/*.webp"], ["photos/deep/er/c.webp"]),
        (["photos/dee*"], ["photos/deep/er/c.webp"]),
        (["photos/deep", "photos/deep"], ["photos/deep/er/c.webp"] * 2),
        (["photos/.hidden.png"], ["photos/.hidden.png"]),
    ],
    ids=str,
)
def test_files_folders_and_patterns_are_found_in_order(bundle, photos, inputs, found):
    assert [each["path"] for each in listed(bundle, *inputs)] == found


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_links_to_folders_are_passed_over_and_broken_links_told(bundle, photos):
    os.mkfifo("photos/pipe.png")
    Path("photos/link.png").symlink_to("deep")
    Path("photos/broken.png").symlink_to("nowhere")
    Path("photos/itself.png").symlink_to("itself.png")
    found = {each["path"]: each for each in listed(bundle, "photos")}
    assert sorted(found) == sorted([*ALL, "photos/broken.png", "photos/itself.png"])
    assert "error" in found["photos/broken.png"] and "error" in found["photos/itself.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(bundle, photos):
    (photos / "b.png").rename(photos / "[b].png")
    assert [each["path"] for each in listed(bundle, "photos/[b].png")] == ["photos/[b].png"]


def test_paths_come_on_stdin_a_line_each(bundle, photos):
    found = listed(bundle, "-", input="photos/b.png\r\n\nphotos/absent.png\nphotos/a.JPG")
    assert [each["path"] for each in found] == ["photos/b.png", "photos/absent.png", "photos/a.JPG"]
    assert found[1]["error"] == "cannot be opened (No such file or directory)"
    with pytest.raises(DataError, match="stdin: expected one path per line, got none"):
        run(bundle, "-", input="\n")


def test_nothing_to_look_at_is_an_error(bundle, photos):
    Path("empty").mkdir()
    with pytest.raises(DataError, match=r"images: found none \(empty contains no images; \*\.bmp matches nothing\)\."):
        run(bundle, "empty", "*.bmp")


def test_nothing_to_look_at_is_a_whole_document_for_programs(bundle, photos):
    Path("empty").mkdir()
    rows = [{"path": "empty", "error": "contains no images"}, {"path": "*.bmp", "error": "matches nothing"}]
    result = run(bundle, "empty", "*.bmp", "--json")
    assert (result.exit_code, json.loads(result.stdout), result.stderr) == (1, rows, "")
    result = run(bundle, "empty", "--jsonl")
    assert (result.exit_code, json.loads(result.stdout)) == (1, rows[0])
    assert run(bundle, "empty", "--csv").stdout.splitlines()[1:] == ["empty,,,,,contains no images"]


@pytest.mark.parametrize(("form", "printed"), [("json", "[\n]\n"), ("jsonl", ""), ("csv", "path,label,")])
def test_no_path_on_stdin_leaves_an_empty_document(bundle, form, printed):
    result = CliRunner().invoke(cli, ["predict", str(bundle), "-", f"--{form}"], input="")
    assert isinstance(result.exception, DataError)
    assert result.stdout.startswith(printed)
    assert result.stdout.count("\n") == {"json": 2, "jsonl": 0, "csv": 1}[form]


def test_a_folder_that_cannot_be_listed_is_told(photos, monkeypatch):
    real = os.scandir
    refusal = PermissionError(13, "Permission denied")

    def scandir(path):
        if str(path).endswith("er/"):
            raise refusal
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    survey = Inputs(("photos",)).survey()
    assert (survey.count, survey.longest) == (2, len("photos/a.JPG"))
    assert survey.problems == (Unreadable(path="photos/deep/er", reason="cannot be listed (Permission denied)"),)


@pytest.mark.parametrize("loop", ["photos/deep/er/loop", "photos/a_loop"])
@pytest.mark.parametrize("pattern", ["photos/**", "photos/**/**", "photos/*", "**", "photos/", "**/phot*/**", "*/"])
def test_an_image_is_found_once_and_links_to_folders_are_not_followed(photos, pattern, loop):
    Path(loop).symlink_to(photos.absolute())
    (photos / "notes.txt").unlink()
    assert list(Inputs((pattern,)).paths()) == ALL


def test_a_link_to_a_folder_is_followed_where_it_is_named(photos):
    Path("link").symlink_to("photos")
    Path("photos/deep/link.png").symlink_to("er/c.webp")
    found = {each: list(Inputs((each,)).paths()) for each in ("link", "link/*.png", "*/deep/er/*", "p*/deep/*.png")}
    assert found == {
        "link": ["link/a.JPG", "link/b.png", "link/deep/er/c.webp", "link/deep/link.png"],
        "link/*.png": ["link/b.png"],
        "*/deep/er/*": ["photos/deep/er/c.webp"],
        "p*/deep/*.png": ["photos/deep/link.png"],
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("./photos/[ab].*", ["./photos/a.JPG", "./photos/b.png"]),
        ("photos/deep/../*.png", ["photos/deep/../b.png"]),
        ("*/deep/../?.png", ["photos/deep/../b.png"]),
        ("photos/.*.png", ["photos/.hidden.png"]),
        ("**/*.webp", ["photos/deep/er/c.webp"]),
        ("**/er/**/c.*", ["photos/deep/er/c.webp"]),
        ("photos/*.txt", ["photos/notes.txt"]),
        ("photos/*.txt/", []),
        ("photos/a.JPG/*", []),
        ("nowhere/*", []),
    ],
)
def test_patterns_mean_what_they_mean_to_a_shell(photos, pattern, found):
    assert list(Inputs((pattern,)).paths()) == found
    absolute = os.path.join(os.getcwd(), pattern)  # noqa: PTH109, PTH118 (to keep the ./)
    assert list(Inputs((absolute,)).paths()) == [os.path.join(os.getcwd(), each) for each in found]  # noqa: PTH109, PTH118


def test_a_folder_that_is_written_to_is_found_by_no_pattern(photos):
    inputs = Inputs(("photos/**/*.webp", "photos/*", "photos"), leave_out=(Path("photos/deep"),))
    assert list(inputs.paths()) == ["photos/a.JPG", "photos/b.png", "photos/notes.txt", "photos/a.JPG", "photos/b.png"]


def test_folders_may_lie_deeper_than_the_stack_reaches(photos):
    deep = Path("photos", *["z"] * 100)
    deep.mkdir(parents=True)
    (deep / "last.png").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 50)
    try:
        found = [list(Inputs((each,)).paths()) for each in ("photos", "photos/**/*.png")]
    finally:
        sys.setrecursionlimit(limit)
    assert [each[-1] for each in found] == [str(deep / "last.png")] * 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_devices_get_a_row(bundle, crop_bundle, photos):
    os.mkfifo("photos/pipe.png")
    for model in (bundle, crop_bundle):
        rows = listed(model, "photos/pipe.png", os.devnull, "photos/*.png")
        assert [each["path"] for each in rows if "error" in each] == ["photos/pipe.png", os.devnull, "photos/pipe.png"]


def test_names_that_no_system_can_have_get_a_row(bundle, photos):
    long = "photos/" + "x" * 300 + ".png"
    (row,) = listed(bundle, long)
    assert row == {"path": long, "error": "cannot be opened (File name too long)"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are no text")
def test_names_on_stdin_may_be_no_text_and_begin_with_a_byte_order_mark(bundle, photos):
    Path("photos/b.png").rename(os.fsdecode(b"photos/b\xe9.png"))
    for start in (b"", b"\xef\xbb\xbf"):
        first, second = listed(bundle, "-", input=start + b"photos/a.JPG\r\nphotos/b\xe9.png")
        assert (first["path"], second["path"]) == ("photos/a.JPG", "photos/b\\udce9.png")
        assert "error" not in second and "error" not in first


@pytest.mark.parametrize("junk", [b"photos/a.JPG\0photos/b.png\0", b"x" * 70_000], ids=["null bytes", "long"])
def test_bytes_on_stdin_that_are_no_path_are_an_error_and_json_has_its_end(bundle, photos, junk):
    result = CliRunner().invoke(cli, ["predict", str(bundle), "nowhere/*", "-", "--json"], input=junk)
    assert isinstance(result.exception, DataError)
    assert str(result.exception).startswith("stdin: expected one path per line, got bytes that are not a path.")
    assert json.loads(result.stdout) == [{"path": "nowhere/*", "error": "matches nothing"}]


def test_stdin_is_read_only_once_and_people_read_nothing_of_none(bundle, photos):
    result = run(bundle, "-", "-")
    assert (result.exit_code, "- (stdin) can be given only once" in result.stderr) == (2, True)
    assert CliRunner().invoke(cli, ["predict", str(bundle), "-"], input="").stdout == ""
