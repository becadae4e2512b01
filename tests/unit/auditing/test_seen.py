"""What a model was trained on, as its run folder tells it, and which other images are copies of that."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from drawn_pictures import altered, encoded, photograph, write

from emoclass.auditing.seen import Copies, Seen, copies_of_seen, seen_by, training_set_of
from emoclass.values.config import RunConfig
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import DatasetSpec, Sample

FILES = DatasetSpec(name="files", summary="Files.", load=lambda root: [])
ONE, TWO = photograph(1), photograph(2)
SPLIT = [("sad/a.png", "train"), ("sad/b.png", "validation"), ("happy/c.png", "test")]


def finished(tmp_path: Path, **data: object) -> tuple[Path, str]:
    """Write what a run leaves: its configuration and its split. Return the folder and the configuration's digest."""
    (tmp_path / "photos").mkdir(exist_ok=True)
    config = RunConfig(
        plugin="tiny",
        recipe="tiny",
        labels=["happy", "sad"],
        model={"name": "tiny"},
        data={"dataset": "folder", "root": tmp_path / "photos", **data},
    )
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    with (run / "split.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [("id", "path", "emotion", "group", "split"), *((x, x, "sad", "", split) for x, split in SPLIT)]
        csv.writer(file).writerows(rows)
    return run, config.digest()


def test_a_model_has_seen_its_training_and_its_validation_set(tmp_path, registry) -> None:
    run, digest = finished(tmp_path)
    seen = seen_by(run, registry, plugin="tiny", config_digest=digest)
    assert seen is not None
    assert [(sample.id, sample.path) for sample in seen.samples] == [(x, x) for x in ("sad/a.png", "sad/b.png")]
    assert (seen.spec.name, seen.root) == ("folder", tmp_path / "photos")


def test_a_dataset_without_a_folder_is_seen_too(tmp_path, registry) -> None:
    run, digest = finished(tmp_path, dataset="synthetic-faces", root=None)
    seen = seen_by(run, registry, plugin="tiny", config_digest=digest)
    assert seen is not None
    assert (seen.spec.name, seen.root) == ("synthetic-faces", None)


@pytest.mark.parametrize("name", ["config.toml", "split.csv"])
def test_without_a_file_of_the_run_nothing_is_known(tmp_path, registry, name: str) -> None:
    run, digest = finished(tmp_path)
    (run / name).unlink()
    assert seen_by(run, registry, plugin="tiny", config_digest=digest) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.toml", b"no = toml = at all"),
        ("config.toml", b"unknown = 1"),
        ("config.toml", b"\xff\xff"),
        ("split.csv", b"id,path\na,a\n"),
        ("split.csv", b"id,path,emotion,split\na,a\xff,sad,train\n"),
        ("split.csv", b"id,path,emotion,split\na\n"),
    ],
)
def test_with_a_damaged_file_of_the_run_nothing_is_known(tmp_path, registry, name: str, content: bytes) -> None:
    run, digest = finished(tmp_path)
    (run / name).write_bytes(content)
    assert seen_by(run, registry, plugin="tiny", config_digest=digest) is None


def test_without_the_data_or_with_another_digest_nothing_is_known(tmp_path, registry) -> None:
    run, digest = finished(tmp_path)
    assert seen_by(run, registry, plugin="tiny", config_digest=digest[::-1]) is None
    (tmp_path / "photos").rmdir()
    assert seen_by(run, registry, plugin="tiny", config_digest=digest) is None
    assert seen_by(tmp_path / "none", registry, plugin="tiny", config_digest=digest) is None


def test_without_the_dataset_s_plugin_nothing_is_known(tmp_path, registry) -> None:
    run, digest = finished(tmp_path, dataset="from-elsewhere")
    assert seen_by(run, registry, plugin="tiny", config_digest=digest) is None


def seen_and_others(tmp_path: Path) -> tuple[Seen, list[Sample]]:
    """Three images of a training, and eight others under names of which some are the same."""
    write(tmp_path / "old", {"a.png": ONE, "b.png": TWO, "c.png": photograph(3)})
    copies = altered(ONE)
    write(
        tmp_path / "new",
        {
            "a.png": photograph(4),
            "same.png": ONE,
            "again.png": encoded(ONE, compress_level=1),
            "jpeg.jpg": copies["JPEG"][0],
            "mirrored.png": copies["mirrored"][0],
            "two.png": altered(TWO)["cropped"][0],
            "other.png": photograph(5),
            "twin.png": photograph(5),
            "broken.png": b"no picture",
        },
    )

    def samples(folder: str) -> list[Sample]:
        return [Sample(id=x.name, path=x.name, emotion="sad") for x in sorted((tmp_path / folder).iterdir())]

    return Seen(tuple(samples("old")), FILES, tmp_path / "old"), samples("new")


def test_copies_of_what_was_seen_are_found_as_the_same_file_and_altered(tmp_path) -> None:
    seen, samples = seen_and_others(tmp_path)
    found = copies_of_seen(seen, FILES, tmp_path / "new", samples, threads=2)
    assert found.n_unreadable == 0
    assert found.ids == {"same.png", "again.png", "jpeg.jpg", "mirrored.png", "two.png"}


def test_copies_are_found_across_datasets_that_read_differently(tmp_path) -> None:
    seen, _ = seen_and_others(tmp_path)
    table = DatasetSpec(
        name="table",
        summary="A table.",
        load=lambda root: [],
        read_sample=lambda root, sample: encoded({"row1": TWO, "row2": photograph(9)}[sample.id]),
    )
    rows = [Sample(id=row, path="faces.csv", emotion="sad") for row in ("row1", "row2")]
    assert copies_of_seen(seen, table, None, rows, threads=2).ids == {"row1"}
    named_alike = table.model_copy(update={"read_sample": lambda root, sample: encoded(photograph(9))})
    assert not copies_of_seen(seen, named_alike, seen.root, seen.samples[:1], threads=2).ids


def test_the_same_images_were_all_seen_and_no_images_were_not(tmp_path) -> None:
    seen, samples = seen_and_others(tmp_path)
    assert copies_of_seen(seen, FILES, seen.root, seen.samples, threads=2).ids == {"a.png", "b.png", "c.png"}
    assert copies_of_seen(seen, FILES, tmp_path / "new", [], threads=2) == Copies(frozenset())
    nothing_seen = copies_of_seen(Seen((), FILES, None), FILES, tmp_path / "new", samples, threads=2)
    assert (nothing_seen.ids, nothing_seen.n_unreadable) == (frozenset(), 0)


def test_what_lies_in_the_same_place_was_seen_also_where_it_cannot_be_read(tmp_path) -> None:
    seen, _ = seen_and_others(tmp_path)
    others = [*seen.samples[1:], Sample(id="gone.png", path="gone.png", emotion="sad")]
    (tmp_path / "old" / "b.png").write_bytes(b"no picture")
    assert copies_of_seen(seen, FILES, seen.root, others, threads=1) == Copies(frozenset({"b.png", "c.png"}), 1)


def test_every_model_has_seen_the_training_set_of_the_dataset_that_it_was_trained_on() -> None:
    labels = LabelScheme(emotions=("happy", "sad"))

    def seen(splits: tuple[str | None, ...], url: str | None = "https://x.example") -> Seen | None:
        samples = [
            Sample(id=f"{n}", path=f"{n}.png", emotion="fear", split=split)  # type: ignore[arg-type]
            for n, split in enumerate(splits)
        ]
        spec = DatasetSpec(name="one", summary="One.", load=lambda root: samples, needs_root=False, url=url)
        return training_set_of(spec, None, labels)

    found = seen(("train", "validation", "test", "train"))
    assert found is not None
    assert ([sample.id for sample in found.samples], found.recorded) == (["0", "3"], False)
    assert seen(("train", "test"), url=None) is None
    assert seen((None, None)) is None
    assert seen(("test", "test")) is None


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.png", "sad/../../secret.png"])
def test_a_run_folder_cannot_choose_files_outside_its_data(tmp_path, registry, path) -> None:
    run, digest = finished(tmp_path)
    with (run / "split.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["x", path, "sad", "", "train"])
    assert seen_by(run, registry, plugin="tiny", config_digest=digest) is None


def test_of_a_table_only_files_that_it_names_today_are_seen(tmp_path, registry) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": TWO, "c.png": TWO})
    table = tmp_path / "labels.csv"
    table.write_text(f"path,label\n{tmp_path}/a.png,sad\nb.png,sad\nc.png,happy\n")
    run, _ = finished(tmp_path, dataset="table", root=table)
    config = RunConfig(
        plugin="tiny", recipe="tiny", labels=["happy", "sad"], model={"name": "tiny"},
        data={"dataset": "table", "root": table},
    )  # fmt: skip
    rows = [f"{tmp_path}/a.png,{tmp_path}/a.png,sad,train", "b.png,b.png,sad,validation", "c.png,c.png,happy,test"]
    rows.append("/etc/hostname,/etc/hostname,sad,train")  # a stranger's folder shall not choose what is opened
    (run / "split.csv").write_text("id,path,emotion,split\n" + "\n".join(rows) + "\n")
    seen = seen_by(run, registry, plugin="tiny", config_digest=config.digest())
    assert seen is not None
    assert [sample.path for sample in seen.samples] == [f"{tmp_path}/a.png", "b.png"]
    table.unlink()
    assert seen_by(run, registry, plugin="tiny", config_digest=config.digest()) is None
