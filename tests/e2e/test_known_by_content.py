"""A model was trained on a table of pixels, and meets the same images as files of other names, formats and sizes."""

import io
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from drawn_pictures import encoded, photograph
from PIL import Image
from tiny import TinyPlugin

import emoclass
from emoclass import Registry
from emoclass.bundle.manifest import HASHES
from emoclass.cli import cli
from emoclass.errors import BundleError
from emoclass.plugin import builtins
from emoclass.plugin.registry import PluginInfo

pytestmark = pytest.mark.slow  # they train models

N_TRAIN, N_TEST = 60, 20
WORDS = {3: "happy", 4: "sad"}


def image(number):
    return photograph(number, (48, 48)).convert("L")


def registry():
    import emoclass_datasets

    found = Registry()
    found.register(builtins, PluginInfo("builtins", origin="emoclass"))
    found.register(TinyPlugin(), PluginInfo("tiny", origin="tests"))
    found.register(emoclass_datasets, PluginInfo("datasets", origin="tests"))
    return found


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("fer2013")
    lines = ["emotion,pixels,Usage"]
    for number in range(N_TRAIN + N_TEST):
        pixels = " ".join(map(str, np.asarray(image(number)).ravel()))
        lines.append(f"{3 + number % 2},{pixels},{'Training' if number < N_TRAIN else 'PublicTest'}")
    (root / "fer2013.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Ten of the training images and ten of the test images, none as the bytes that the table gives."""
    root = tmp_path_factory.mktemp("copies")
    for place, number in enumerate([*range(10), *range(N_TRAIN, N_TRAIN + 10)]):
        kind, suffix, options = [
            ("JPEG", "jpg", {"quality": 85}), ("PNG", "png", {}), ("WEBP", "webp", {"quality": 80}),
        ][place % 3]  # fmt: skip
        picture = image(number).convert("RGB")
        if place % 2:
            picture = picture.resize((224, 224), Image.Resampling.BICUBIC)
        folder = root / WORDS[3 + number % 2]
        folder.mkdir(exist_ok=True)
        (folder / f"{place:03}.{suffix}").write_bytes(encoded(picture, kind, **options))
    return root


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return emoclass.run("tiny", data=table, dataset="fer2013", epochs=1, out=out, registry=registry())


@pytest.fixture
def bundle(trained, tmp_path):
    """Return the bundle away from its run, as it is handed on."""
    return shutil.copytree(trained.folder / "bundle", tmp_path / "handed-on")


def on(source, copies, **options):
    [found] = emoclass.evaluate(source, {"folder": copies}, registry=registry(), resamples=0, **options)
    return found


def test_the_bundle_has_the_hashes_of_the_training_and_validation_images_only(trained):
    assert (trained.folder / "bundle" / HASHES).stat().st_size == 16 * N_TRAIN
    manifest = json.loads((trained.folder / "bundle" / "manifest.json").read_text())
    assert manifest["trained"]["hashes"] == {"n_images": N_TRAIN, "n_without": 0, "complete": True}


def test_copies_of_the_training_images_count_as_seen_whatever_they_are_called(bundle, copies):
    found = on(bundle, copies)
    assert (found.n_samples, found.n_leaked, found.leak_adjusted["accuracy"].n_samples) == (20, 10, 10)
    assert found.notes[0] == (
        "The bundle has hashes of the 60 images that the model was trained and validated on: images that match one "
        "count as seen. Strongly altered copies are not recognized."
    )
    assert found.notes[1].startswith("10 of the 20 images are copies of the model's training or validation images")
    result = CliRunner().invoke(cli, ["evaluate", str(bundle), "--on", f"folder={copies}"])
    assert "Without copies of training or validation images (10):" in result.output


@pytest.mark.parametrize(
    ("n_without", "said"),
    [
        (1, " 1 of them has no hash, since it is unreadable or shows too little."),
        (2, " 2 of them have no hash, since they are unreadable or show too little."),
    ],
)
def test_images_without_a_hash_are_counted(bundle, copies, n_without, said):
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["trained"]["hashes"]["n_without"] = n_without
    manifest["trained"]["hashes"]["n_images"] += n_without
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert said in on(bundle, copies).notes[0]


def test_where_no_image_was_seen_it_says_so(bundle, copies, tmp_path):
    others = shutil.copytree(copies, tmp_path / "others")
    for file in others.glob("*/00?.*"):
        file.unlink()
    found = on(bundle, others)
    assert (found.n_samples, found.n_leaked, found.leak_adjusted) == (10, 0, {})
    assert "images that match one count as seen; none does." in found.notes[0]


def test_a_bundle_without_hashes_is_read_and_what_it_has_seen_is_not_known(bundle, copies):
    manifest = json.loads((bundle / "manifest.json").read_text())
    del manifest["files"][HASHES], manifest["trained"]["hashes"]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    found = on(bundle, copies)
    assert found.n_leaked is None
    assert found.notes[0].startswith("It is not known whether the model was trained on some of these images")


def test_a_damaged_file_is_refused(bundle, copies):
    content = (bundle / HASHES).read_bytes()
    (bundle / HASHES).write_bytes(content[::-1])
    with pytest.raises(BundleError, match=r"training_images\.bin is damaged or was changed"):
        on(bundle, copies)
    assert on(bundle, copies, audit=False).n_leaked is None


@pytest.mark.parametrize("data", [{"hashes": False}, {"audit": False}])
def test_hashes_can_be_left_out(table, copies, tmp_path, data):
    result = emoclass.run(
        "tiny", data=table, dataset="fer2013", epochs=1, out=tmp_path, registry=registry(), config={"data": data}
    )
    assert not (result.folder / "bundle" / HASHES).exists()
    assert on(shutil.copytree(result.folder / "bundle", tmp_path / "handed-on"), copies).n_leaked is None


def test_a_model_that_was_fine_tuned_knows_what_the_first_one_had_seen(bundle, copies, tmp_path):
    own = tmp_path / "own"
    for number in range(200, 232):
        folder = own / WORDS[3 + number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(encoded(image(number)))
    result = emoclass.run("tiny", data=own, start=str(bundle), epochs=1, out=tmp_path / "runs", registry=registry())
    found = on(result.folder, copies)
    assert (found.n_leaked, found.n_samples) == (10, 20), "the run records its own images, the bundle those of both"
    assert any(
        "validation images, or of those of a model that it learned from: metrics" in note for note in found.notes
    )
    shutil.rmtree(own)
    assert on(result.folder, copies).n_leaked == 10
    (tmp_path / "new" / "sad").mkdir(parents=True)
    file = io.BytesIO()
    hashed = json.loads((result.folder / "bundle" / "manifest.json").read_text())["trained"]["hashes"]
    assert hashed["complete"]
    seen = (result.folder / "split.csv").read_text().splitlines()
    trained = next(row for row in seen if ",train," in row).split(",")[0]
    image(int(trained.split("/")[1].removesuffix(".png"))).save(file, "JPEG", quality=80)
    (tmp_path / "new" / "sad" / "other-name.jpg").write_bytes(file.getvalue())
    assert on(result.folder, tmp_path / "new").n_leaked == 1


def test_hashes_stand_in_for_training_images_that_are_gone(trained, table, copies, tmp_path):
    run = shutil.copytree(trained.folder, tmp_path / "run")
    hidden = table.rename(table.with_name("hidden"))
    try:
        moved = on(run, copies)
        table.mkdir()
        emptied = on(run, copies)
        table.rmdir()
    finally:
        hidden.rename(table)
    assert (moved.n_leaked, emptied.n_leaked) == (10, 10)
