"""`emoclass audit`: what it prints, writes, refuses and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from drawn_pictures import altered, contents, encoded, photograph, write
from PIL import ImageOps

from emoclass.auditing.clean import read_exclusions
from emoclass.cli import cli, main
from emoclass.errors import ConfigError, DataError, OutputError

ONE, TWO = photograph(1), photograph(2)


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, ["audit", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clean(here) -> Path:
    """Make a folder with nothing wrong."""
    return write(Path("clean"), {"happy/a.png": ONE, "sad/b.png": TWO})


@pytest.fixture
def copies(here) -> Path:
    """Make a folder with copies under one label, and a broken file."""
    files = {"happy/a.png": ONE, "happy/b.png": ONE, "happy/c.png": ImageOps.mirror(ONE), "sad/d.png": TWO}
    return write(Path("copies"), {**files, "sad/broken.png": b"no picture"})


@pytest.fixture
def conflicts(here) -> Path:
    """Make a folder with one picture under two labels."""
    return write(Path("conflicts"), {"happy/a.png": ONE, "sad/a.png": ONE, "sad/b.png": TWO})


@pytest.fixture
def leaks(here) -> Path:
    """Make a folder with one picture in two official splits."""
    return write(
        Path("leaks"), {"train/sad/a.png": ONE, "test/sad/b.jpg": altered(ONE)["JPEG"][0], "test/sad/c.png": TWO}
    )


# Exit codes


def test_whatever_is_found_the_exit_code_is_0(clean, copies, conflicts, leaks) -> None:
    assert [run(folder, "--quiet").exit_code for folder in (clean, copies, conflicts, leaks)] == [0, 0, 0, 0]


def test_with_strict_leaks_and_conflicts_exit_with_1(clean, copies, conflicts, leaks) -> None:
    found = {folder.name: run(folder, "--quiet", "--strict") for folder in (clean, copies, conflicts, leaks)}
    assert {name: result.exit_code for name, result in found.items()} == {
        "clean": 0, "copies": 0, "conflicts": 1, "leaks": 1,
    }  # fmt: skip
    assert "Copies across splits  1 group, 2 images" in found["leaks"].stdout


def test_with_strict_the_document_and_the_list_are_written_all_the_same(conflicts) -> None:
    result = run(conflicts, "--strict", "--json", "--write-clean", "list.txt")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["label_conflicts"] == [["happy/a.png", "sad/a.png"]]
    assert read_exclusions(Path("list.txt")) == {"happy/a.png", "sad/a.png"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none"], 1, "no such folder"),
        (["empty"], 1, "no images found"),
        (["file.png"], 1, "expected a folder, got a file"),
        ([], 2, "expected a folder of images, got none"),
        (["clean", "--data", "clean"], 2, "DIR is given as well"),
        (["clean", "--dataset", "none"], 2, "none"),
        (["clean", "--dataset", "synthetic-faces"], 2, "needs no folder"),
        (["clean", "--report", "page.txt"], 2, "ends in .html"),
        (["clean", "--report", "empty.html"], 2, "expected a file, got a folder"),
        (["clean", "--threads", "0"], 2, "--threads"),
        (["clean", "--write-clean"], 2, "--write-clean"),
        (["clean", "clean"], 2, "unexpected extra argument"),
        (["clean", "--unknown"], 2, "--unknown"),
    ],
)
def test_wrong_usage_exits_with_2_and_what_cannot_be_read_with_1(clean, capsys, arguments, code, said) -> None:
    write(Path(), {"file.png": ONE, "empty/notes.txt": b"", "empty.html/notes.txt": b""})
    with pytest.raises(SystemExit) as ended:
        main(["audit", "--quiet", *arguments])
    assert ended.value.code == code
    printed = capsys.readouterr()
    assert said in printed.err and printed.out == ""


# What is printed


def test_the_summary_is_printed_for_people(copies) -> None:
    result = run(copies)
    lines = result.stdout.splitlines()
    assert lines[0] == "copies: 5 images, 4 readable"
    for line in (
        "Label conflicts       none",
        "Exact duplicates      1 group, 2 images",
        "Near-duplicates       1 group, 3 images",
        "  happy/a.png  happy/b.png",
        "Classes: happy 3, sad 1",
    ):
        assert line in lines
    assert lines[-1] == "To see the pictures side by side, add --report audit.html."
    assert list(Path().iterdir()) == [copies]


def test_where_nothing_is_found_no_page_is_offered(clean) -> None:
    assert "--report" not in run(clean).stdout


def test_json_is_one_document_and_nothing_else(copies) -> None:
    result = run(copies, "--json", "--report", "page.html", "--write-clean", "list.txt")
    document = json.loads(result.stdout)
    assert document["n_images"] == 5
    assert document["exact"] == [["happy/a.png", "happy/b.png"]]
    assert document["near"] == [["happy/a.png", "happy/b.png", "happy/c.png"]]
    assert [each["path"] for each in document["unreadable"]] == ["sad/broken.png"]
    assert "page.html" in result.stderr and "list.txt" in result.stderr


def test_quiet_says_nothing_while_working(copies) -> None:
    assert run(copies, "--quiet").stderr == ""


def test_a_folder_without_classes_is_audited_without_labels(here) -> None:
    write(Path("flat"), {"a.png": ONE, "b.png": ONE, "c.png": TWO})
    result = run("flat", "--strict")
    assert result.exit_code == 0
    assert "flat: 3 images, all readable" in result.stdout
    assert "Label conflicts       no labels" in result.stdout
    assert "Exact duplicates      1 group, 2 images" in result.stdout


def test_class_names_need_not_be_emotions(here) -> None:
    write(Path("dogs"), {"boxer/a.png": ONE, "poodle/b.png": ONE, "poodle/c.png": TWO})
    result = run("dogs", "--strict")
    assert result.exit_code == 1
    assert "  boxer/a.png [boxer]  poodle/b.png [poodle]" in result.stdout


def test_the_folder_may_be_given_as_data(copies) -> None:
    assert run("--data", copies, "--json").stdout == run(copies, "--json", "--threads", 1).stdout


def test_a_dataset_that_needs_no_folder_is_audited(here) -> None:
    result = run("--dataset", "synthetic-faces", "--strict", "--json", "--quiet")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (document["dataset"], document["root"], document["n_images"]) == ("synthetic-faces", None, 256)
    assert document["exact"] == document["near"] == document["pairs"] == []
    with pytest.raises(ConfigError, match="not separate files"):
        run("--dataset", "synthetic-faces", "--write-clean", "copy")


# What is written


def test_a_page_is_written_where_it_was_asked_for(copies) -> None:
    result = run(copies, "--report", "new/page.html")
    page = Path("new/page.html").read_text(encoding="utf-8")
    assert "happy/c.png" in page and "data:image/jpeg;base64," in page
    assert "Page: " + str(Path("new/page.html")) in result.stdout
    assert "add --report" not in result.stdout


@pytest.mark.parametrize("option", ["--report", "--write-clean"])
@pytest.mark.parametrize("place", ["copies/{}", "copies/happy/{}", "copies/../copies/{}", "link/{}"])
def test_nothing_is_written_inside_the_audited_folder(copies, option: str, place: str) -> None:
    Path("link").symlink_to(copies / "sad")
    before = contents(copies)
    with pytest.raises(OutputError, match="inside the audited folder"):
        run(copies, option, place.format("page.html" if option == "--report" else "list.txt"))
    assert contents(copies) == before


def test_a_list_of_files_to_exclude_is_written(copies) -> None:
    result = run(copies, "--write-clean", "list.txt")
    assert read_exclusions(Path("list.txt")) == {"happy/b.png", "happy/c.png", "sad/broken.png"}
    assert "List of files to exclude: list.txt" in result.stdout
    assert "3 images left out: 1 unreadable, 2 copies of an image that stays." in result.stdout
    assert run(copies, "--write-clean", "list.txt").exit_code == 0  # its own list is written anew


def test_a_clean_copy_is_written(copies) -> None:
    result = run(copies, "--write-clean", "out")
    assert "Clean copy: out (2 images)" in result.stdout
    assert {name for name, data in contents(Path("out")).items() if data} == {"happy/a.png", "sad/d.png"}
    assert Path("out/happy/a.png").samefile(copies / "happy/a.png")
    assert "sad/broken.png" in run(copies, "--json").stdout
    with pytest.raises(OutputError, match="new or an empty folder"):
        run(copies, "--write-clean", "out")


def test_a_clean_copy_of_split_folders_keeps_them(leaks) -> None:
    run(leaks, "--write-clean", "out", "--quiet")
    assert {name for name, data in contents(Path("out")).items() if data} == {"test/sad/b.jpg", "test/sad/c.png"}
    assert run("out", "--strict").exit_code == 0


def test_a_file_of_somebody_else_is_not_overwritten(copies) -> None:
    Path("list.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        run(copies, "--write-clean", "list.txt")
    assert Path("list.txt").read_text() == "mine"


def test_a_page_that_cannot_be_written_is_told(copies) -> None:
    Path("file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        run(copies, "--report", "file/page.html")


@pytest.mark.parametrize("options", ["--json", "--report p.html", "--write-clean c.txt", "--write-clean c"])
def test_the_audited_folder_is_left_as_it_was_byte_for_byte(copies, options: str) -> None:
    before = contents(copies)
    times = {path: path.stat().st_mtime_ns for path in copies.rglob("*")}
    assert run(copies, *options.split()).exit_code == 0
    assert contents(copies) == before
    assert {path: path.stat().st_mtime_ns for path in copies.rglob("*")} == times


def test_ctrl_c_ends_with_130(copies, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emoclass.workflows.audit.examine", interrupted)
    result = run(copies, "--report", "page.html")
    assert (result.exit_code, Path("page.html").exists()) == (130, False)


def test_what_a_dataset_prints_is_no_result(copies, monkeypatch) -> None:
    from emoclass.data import folder

    load = folder.load

    def chatty(root=None):
        print("loading")
        return load(root)

    monkeypatch.setattr(folder, "load", chatty)
    result = run(copies, "--json")
    assert json.loads(result.stdout)["n_images"] == 5
    assert "loading" in result.stderr


def test_a_file_that_vanishes_while_it_is_audited_is_told(copies, monkeypatch) -> None:
    from emoclass.auditing import examine as module

    found = module.find_pairs

    def late(*arguments, **settings):
        (copies / "happy/c.png").unlink()
        return found(*arguments, **settings)

    monkeypatch.setattr(module, "find_pairs", late)
    with pytest.raises(DataError, match=r"happy/c\.png: cannot be opened"):
        run(copies)


def test_a_name_with_umlauts_and_spaces_is_printed_as_it_is(here) -> None:
    write(Path("photos"), {"sad/ü 日本.png": encoded(ONE), "sad/b.png": encoded(ONE)})
    assert "  sad/b.png  sad/ü 日本.png" in run("photos").stdout


def test_a_table_is_found_by_itself_and_images_elsewhere_are_told(clean, tmp_path):
    Path("table").mkdir()
    Path("table/labels.csv").write_text(f"where,mood\n{tmp_path}/clean/happy/a.png,happy\n../clean/sad/b.png,sad\n")
    options = ("--data-option", "path=where", "--data-option", "label=mood")
    printed = run("table/labels.csv", *options, "--quiet").stdout
    assert "table/labels.csv: 2 images, all readable" in printed
    assert "Note: 2 of the 2 images lie outside the folder of the table, for example ../clean/sad/b.png." in printed
    assert "Classes: sad 1, happy 1" in printed
    with pytest.raises(ConfigError, match="not files below one folder, and cannot be copied"):
        run("table/labels.csv", *options, "--write-clean", "copy", "--quiet")
    with pytest.raises(ConfigError, match=r"--data-option label: expected NAME=VALUE"):
        run("table/labels.csv", "--data-option", "label")


def test_the_group_of_a_folder_is_an_option(here):
    write(Path("faces"), {"train/happy/S1_a.png": ONE, "test/happy/S1_b.png": TWO})
    document = json.loads(run("faces", "--data-option", r"group=(S\d)_", "--json", "--quiet").stdout)
    assert document["torn_groups"] == {"S1": ["train", "test"]}
