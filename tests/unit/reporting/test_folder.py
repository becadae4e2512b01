import time

import pytest

from emoclass.errors import OutputError
from emoclass.reporting.folders.run import MARKER, RunFolder, resume_command


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda _: "20260102-030405")
    folders = [RunFolder.create(tmp_path / "runs", "happysad") for _ in range(3)]
    assert [folder.path.name for folder in folders] == [
        "20260102-030405-happysad", "20260102-030405-happysad-2", "20260102-030405-happysad-3"
    ]  # fmt: skip
    for folder in folders:
        folder.release()


def test_the_marker_says_how_to_continue_and_finishing_removes_it(tmp_path):
    folder = RunFolder.create(tmp_path / "my runs", "r")
    assert resume_command(folder.path) in (folder.path / MARKER).read_text()
    assert f"'{folder.path}'" in resume_command(folder.path), "a path with a space is quoted for the shell"
    folder.write_text("metrics.json", "{}")
    assert not folder.is_finished()
    (folder.path / "checkpoint.state").touch()
    folder.finish()
    assert folder.is_finished()
    assert {path.name for path in folder.path.iterdir()} == {"metrics.json"}


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    folder = RunFolder.create(tmp_path, "r")
    folder.write_text("a.txt", "first")
    with pytest.raises(RuntimeError), folder.writing("a.txt") as path:
        path.write_text("second, half")
        raise RuntimeError
    with pytest.raises(OutputError, match="No such file"), folder.writing("a.txt"):
        pass  # nothing was written, so nothing can be moved
    assert (folder.path / "a.txt").read_text() == "first"
    assert {path.name for path in folder.path.iterdir()} == {MARKER, "a.txt"}
    folder.release()


def test_a_folder_in_use_is_refused_and_a_released_one_is_not(tmp_path):
    pytest.importorskip("fcntl", reason="this platform has no file locks")
    folder = RunFolder.create(tmp_path, "r")
    folder.write_text("config.toml", "")
    with pytest.raises(OutputError, match="another process is writing to it"):
        RunFolder.open(folder.path)
    folder.release()
    RunFolder.open(folder.path).release()


@pytest.mark.parametrize("at", ["before the lock", "with the lock"])
def test_a_run_that_another_process_finishes_while_it_is_opened_is_not_continued(tmp_path, monkeypatch, at):
    fcntl = pytest.importorskip("fcntl", reason="this platform has no file locks")
    folder = RunFolder.create(tmp_path, "r")
    folder.write_text("config.toml", "")
    folder.write_text("metrics.json", "{}")
    if at == "before the lock":
        take = RunFolder._take
        monkeypatch.setattr(RunFolder, "_take", lambda self: (folder.finish(), take(self)))
    else:
        flock = fcntl.flock
        monkeypatch.setattr(fcntl, "flock", lambda *asked: (folder.finish(), flock(*asked)))
    (folder.path / "checkpoint.state").touch()
    opened = RunFolder.open(folder.path)
    assert opened.is_finished()
    assert opened._lock is None
    assert not (opened.path / "checkpoint.state").exists()


def test_what_a_run_left_that_was_killed_right_after_it_finished_is_swept(tmp_path):
    folder = RunFolder.create(tmp_path, "r")
    folder.write_text("config.toml", "")
    folder.write_text("metrics.json", "{}")
    folder.finish()
    (folder.path / "checkpoint.state").touch()
    assert RunFolder.open(folder.path).is_finished()
    assert not (folder.path / "checkpoint.state").exists()


def test_history_keeps_finished_rows_and_drops_a_torn_one(tmp_path):
    folder = RunFolder.create(tmp_path, "r")
    logs = {"loss": 0.1 + 0.2, "accuracy": 0.5, "learning_rate": 0.001}
    folder.append_history(1, 1.23456, logs)
    folder.append_history(1, 9.9, {"loss": 7.0})  # trained again after a kill: the row stays
    folder.append_history(2, 2.0, logs)
    history = folder.path / "history.csv"
    first = ["epoch,seconds,loss,accuracy,learning_rate", "1,1.235,0.30000000000000004,0.5,0.001"]
    assert history.read_text().splitlines()[:2] == first
    assert folder.history() == {
        "epoch": (1.0, 2.0), "seconds": (1.235, 2.0), "loss": (0.1 + 0.2,) * 2, "accuracy": (0.5, 0.5),
        "learning_rate": (0.001, 0.001),
    }  # fmt: skip
    whole = history.read_bytes()
    history.write_bytes(whole + b"3,1.")
    folder.mend_history()
    assert history.read_bytes() == whole
    history.write_bytes(b"epoch,sec")
    folder.mend_history()
    assert not history.exists()
    folder.release()


def test_a_history_keeps_the_columns_that_it_began_with(tmp_path):
    folder = RunFolder.create(tmp_path, "r")
    (folder.path / "history.csv").write_text(
        "epoch,seconds,loss,accuracy,val_loss,learning_rate\n1,1.0,0.5,0.5,0.6,0.1\n"
    )
    folder.append_history(2, 2.0, {"loss": 0.4, "label_loss": 0.3, "val_loss": 0.5, "learning_rate": 0.1})
    assert (folder.path / "history.csv").read_text().splitlines()[2] == "2,2.000,0.4,,0.5,0.1"
    assert folder.history() == {
        "epoch": (1.0, 2.0), "seconds": (1.0, 2.0), "loss": (0.5, 0.4), "val_loss": (0.6, 0.5),
        "learning_rate": (0.1, 0.1),
    }  # fmt: skip
    folder.release()


def test_a_folder_that_is_none_or_damaged_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"expected a folder with a config\.toml"):
        RunFolder.open(tmp_path)
    (tmp_path / "metrics.json").write_text('{"labels": 3}')
    with pytest.raises(OutputError, match=r"metrics\.json cannot be read"):
        RunFolder(tmp_path).result()
