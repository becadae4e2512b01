"""Standard streams that are closed, full, or of another encoding, and names that would command a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emoclass.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /dev/full, and no such shell")


def shell(command, *arguments, **variables):
    """Run what a user typed; `$em` is the command line."""
    script = f'em="{sys.executable} -m emoclass"\n{command}'
    environment = {**os.environ, **variables}
    return subprocess.run(["bash", "-c", script, "bash", *map(str, arguments)], capture_output=True, env=environment)


@pytest.fixture
def photos(photos):
    """Return the folder without what is left out of it, of which a note tells."""
    for name in ("notes.txt", ".hidden.png"):
        (photos / name).unlink()
    return photos


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["--help", "models list", "predict $0 photos --json", "predict $0 photos"])
def test_a_full_disk_is_told_in_a_line(bundle, photos, command, unbuffered):
    command = command.replace("$0", '"$1"')
    done = shell(f"$em {command} > /dev/full", bundle, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, b"Error: stdout: cannot be written (No space left on device).\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_broken_pipe_ends_the_command_silently(bundle, photos, unbuffered):
    done = shell('$em predict "$1" photos --jsonl | true; exit ${PIPESTATUS[0]}', bundle, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, b"")


def test_closed_streams_are_empty(bundle, photos):
    done = shell('$em predict "$1" - <&-', bundle)
    assert (done.returncode, done.stderr) == (1, b"Error: stdin: expected one path per line, got none.\n")
    for form in ("", "--json"):
        done = shell(f'$em predict "$1" photos {form} >&-', bundle)
        assert (done.returncode, done.stderr) == (1, b"Error: stdout: cannot be written (Bad file descriptor).\n")
    done = shell('$em predict "$1" photos --jsonl 2>&-', bundle)
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 3)


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2</dev/null"])
def test_a_stderr_that_cannot_be_written_changes_no_exit_code(bundle, crop_bundle, photos, stderr):
    assert shell(f"$em predict no-such-model photos {stderr}").returncode == 2
    assert shell(f'$em predict "$1/nothing" photos {stderr}', bundle).returncode == 1
    done = shell(f'$em predict "$1" photos --jsonl {stderr}', crop_bundle)  # with a note, for these are no crops
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 3)


def test_an_error_is_told_without_what_the_runtime_says(bundle, photos, tmp_path):
    shutil.copytree(bundle, tmp_path / "b")
    manifest = (tmp_path / "b" / "manifest.json").read_text()
    (tmp_path / "b" / "manifest.json").write_text(manifest.replace('"height": 16', '"height": 17'))
    done = shell('$em predict "$1" photos', tmp_path / "b")
    assert (done.returncode, done.stderr.count(b"\n"), done.stderr[:6]) == (1, 2, b"Error:")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_what_cannot_be_encoded_is_spelled_out(bundle, photos, encoding):
    Path("photos/b.png").rename("photos/日.png")
    done = shell('$em predict "$1" photos && $em predict "$1" photos/日.png', bundle, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "█".encode() not in done.stdout
    done = shell('$em predict "$1" photos --json', bundle, PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout.decode("ascii"))[2]["path"] == "photos/日.png"


def test_errors_cannot_command_the_terminal(tmp_path, capsys):
    (tmp_path / "file").touch()
    for arguments in (["no\x1b[31m", "x.png"], ["model", "x.png", "--annotate", str(tmp_path / "file" / "no\x1b[31m")]):
        with pytest.raises(SystemExit):
            main(["predict", *arguments])
        assert r"no\x1b[31m" in capsys.readouterr().err


@pytest.mark.parametrize(("wish", "colored"), [("", True), ("1", False)])
def test_who_wants_no_color_gets_none(monkeypatch, capsys, wish, colored):
    monkeypatch.setenv("NO_COLOR", wish)
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda stream, color: color is False)
    with pytest.raises(SystemExit):
        main(["predict", "no such model", "a.jpg"])
    assert ("\x1b[" in capsys.readouterr().err) == colored
