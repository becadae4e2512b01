import pytest

from emoclass.cli.progress import TerminalProgress

LOGS = {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.3, "val_accuracy": 0.75, "learning_rate": 0.001}


def test_elsewhere_than_on_a_terminal_a_line_an_item_and_nothing_to_erase(capsys):
    progress = TerminalProgress()
    assert list(progress.track(iter("abc"), title="Decoding", total=3)) == ["a", "b", "c"]
    assert list(progress.track([1], title="Measuring", total=1, unit="metrics")) == [1]
    assert list(progress.track([1], title="Predicting", total=1, unit="batches")) == [1]
    progress.note("mind this")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Decoding 3 images\nMeasuring 1 metric\nPredicting 1 batch\nNote: mind this\n")


def test_on_a_terminal_a_bar_is_drawn_on_stderr(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = TerminalProgress()
    assert list(progress.track(range(5), title="Decoding", total=5)) == list(range(5))
    out, err = capsys.readouterr()
    assert out == ""
    assert "Decoding" in err
    assert "5/5" in err


@pytest.mark.parametrize(
    ("epoch", "seconds", "end"), [(1, 1.5, "1.5 s  0:28 left"), (1, 600, "600.0 s  3:10:00 left"), (20, 2, "done")]
)
def test_an_epoch_tells_its_numbers_and_the_time_left(capsys, epoch, seconds, end):
    TerminalProgress().epoch(epoch, 20, LOGS, seconds)
    err = capsys.readouterr().err
    assert err.startswith(f"Epoch {epoch:2d}/20  loss 0.250  accuracy 0.500  val loss 0.300  val accuracy 0.750")
    assert err.endswith(f"{end}\n")


def test_with_teachers_an_epoch_tells_which_loss_is_of_the_labels_alone(capsys):
    TerminalProgress().epoch(1, 20, {**LOGS, "label_loss": 0.28, "val_label_loss": 0.3}, 1.5)
    told = "loss with teachers 0.250  loss on labels 0.280  accuracy 0.500  val loss 0.300  val accuracy 0.750  1.5 s"
    assert told in capsys.readouterr().err


def test_the_steps_of_a_long_epoch_are_counted_on_a_terminal_only(capsys, monkeypatch):
    TerminalProgress().batch(1, 20, 3, 60)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = TerminalProgress()
    progress.batch(1, 20, 3, 60)
    progress.batch(1, 20, 4, 60)  # too soon to be drawn
    progress.epoch(1, 20, LOGS, 9.0)
    counted, told = capsys.readouterr().err.split("\r\x1b[K")[1:]
    assert counted == "Epoch 1/20  step 3/60"
    assert told.startswith("Epoch  1/20  loss 0.250")
