"""A dataset of photographs as a dataset of faces."""

import io

import numpy as np
import pytest
from PIL import Image
from scenes import draw_scene, scenes_registry

from emoclass import DatasetSpec, DetectorSpec, Face, Sample
from emoclass.data.folder import load
from emoclass.data.images import read_file, read_image
from emoclass.data.photograph import Photograph
from emoclass.data.pixels import reader
from emoclass.data.table import load as load_table
from emoclass.data.units import photograph_id, units
from emoclass.errors import DataError, UnreadableImageError
from emoclass.faces.crop import crop_dataset
from emoclass.faces.find import FaceFinder
from emoclass.faces.frame import frame
from emoclass.plugin.registry import Registry
from emoclass.values.faces import Framing

FOLDER = DatasetSpec(name="folder", summary="A folder.", load=load)
SHAPE = (16, 16, 1)


@pytest.fixture
def root(tmp_path):
    draw_scene(tmp_path / "happy/group.png", [(10, 20, 30), (60, 40, 50), (150, 90, 40)])
    draw_scene(tmp_path / "happy/one.png", [(70, 20, 60)], seed=1)
    draw_scene(tmp_path / "sad/nobody.png", [], seed=2)
    Image.new("RGB", (48, 48), "red").save(tmp_path / "sad/crop.png")
    (tmp_path / "sad/broken.png").write_bytes(b"no picture")
    return tmp_path


def cropped(root, *, shape=SHAPE, largest=True, **limits):
    finder = FaceFinder(scenes_registry().detectors.get("red"), **limits)
    samples = sorted(load(root), key=lambda sample: sample.id)
    return crop_dataset(samples, FOLDER, root, finder=finder, framing=Framing(), image_shape=shape, largest=largest)


def test_of_a_photograph_the_largest_face_is_taken_under_its_own_id(root):
    crops = cropped(root)
    assert [sample.id for sample in crops.samples] == [
        "happy/group.png", "happy/one.png", "sad/broken.png", "sad/crop.png"
    ]  # fmt: skip
    assert crops.faces["happy/group.png"].box == (60, 40, 50, 50)
    assert all(sample.group is None for sample in crops.samples)
    assert [(each.path, each.reason) for each in crops.without] == [("sad/nobody.png", "no face found")]
    assert crops.counts.model_dump() == {
        "detector": "red", "n_images": 5, "n_cropped": 2, "n_faces": 2, "n_ready_made": 1, "n_without_face": 1,
        "n_boxed": 0,
    }  # fmt: skip


@pytest.mark.parametrize("shape", [(16, 16, 1), (48, 48, 3), (20, 30, 3)])
@pytest.mark.parametrize("largest", [True, False])
def test_what_is_read_are_the_pixels_that_prediction_sees(root, shape, largest):
    crops = cropped(root, shape=shape, largest=largest)
    read = crops.spec.read_sample
    assert len(crops.faces) == (2 if largest else 4)
    for sample in crops.samples:
        if sample.id in crops.faces:
            whole = Photograph(read_file(root, sample))
            seen = frame(whole, crops.faces[sample.id], Framing(), shape)
            np.testing.assert_array_equal(read_image(read(root, sample), shape), seen)


def test_crops_and_files_that_cannot_be_read_stay_as_they_are(root):
    crops = cropped(root)
    for name in ("sad/crop.png", "sad/broken.png"):
        sample = next(each for each in crops.samples if each.id == name)
        assert crops.spec.read_sample(root, sample) == (root / name).read_bytes()


def test_all_faces_of_a_photograph_are_one_unit(root):
    crops = cropped(root, largest=False)
    group = [sample for sample in crops.samples if sample.path == "happy/group.png"]
    assert [sample.id for sample in group] == [
        f"happy/group.png#xywh={box}" for box in ("10,20,30,30", "150,90,40,40", "60,40,50,50")
    ]
    assert {photograph_id(sample.id) for sample in group} == {sample.group for sample in group} == {"happy/group.png"}
    assert len(set(units(group))) == 1
    assert crops.whole.read_sample(root, group[0]) == (root / "happy/group.png").read_bytes()


def test_copies_of_a_photograph_are_copies_of_each_of_its_faces(root):
    crops = cropped(root, largest=False)
    (cluster,) = crops.expanded([("happy/group.png", "happy/one.png", "sad/nobody.png")])
    assert len(cluster) == 4 and "happy/one.png" in cluster


def test_a_person_in_the_dataset_stays_the_group(root):
    finder = FaceFinder(scenes_registry().detectors.get("red"))
    sample = Sample(id="happy/group.png", path="happy/group.png", emotion="happy", group="anna")
    crops = crop_dataset([sample], FOLDER, root, finder=finder, framing=Framing(), image_shape=SHAPE, largest=False)
    assert [each.group for each in crops.samples] == ["anna"] * 3


def test_no_face_at_all_is_an_error(root):
    for name in ("happy/group.png", "happy/one.png", "sad/crop.png", "sad/broken.png"):
        (root / name).unlink()
    with pytest.raises(DataError, match=r"no face found in any of the 1 images") as refused:
        cropped(root)
    assert refused.value.hint == "Without cropping, the images are used as they are."
    with pytest.raises(DataError) as refused:
        cropped(root, min_face=40, min_score=0.5)
    assert refused.value.hint == (
        "Lower values of min_face (--min-face, here 40 pixels) or min_detection (--min-detection, here 0.5) find more "
        "faces. Without cropping, the images are used as they are."
    )


def test_where_no_face_is_found_the_detectors_own_threshold_is_named(tmp_path):
    def build(*, score=0.5):
        return lambda picture: []

    draw_scene(tmp_path / "sad/nobody.png", [], seed=2)
    spec = DetectorSpec(name="none", summary="N.", build=build, landmarks=False, min_face=5, license="MIT",
                        source="a test")  # fmt: skip
    with pytest.raises(DataError) as refused:
        crop_dataset(
            list(load(tmp_path)), FOLDER, tmp_path, finder=FaceFinder(spec), framing=Framing(), image_shape=SHAPE
        )
    assert refused.value.hint == (
        "Lower values of none's own option score (in a config file: [data.crop.options] score) find more faces. "
        "Without cropping, the images are used as they are."
    )


@pytest.mark.parametrize("shape", [(48, 48, 1), (48, 48, 3)])
def test_of_a_jpeg_file_too_what_is_read_are_the_pixels_that_prediction_sees(tmp_path, shape):
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    coarse.resize((2400, 1800), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg")
    # Large enough to be cropped from the picture that was decoded for finding it.
    points = ((400, 280), (500, 320), (440, 340), (400, 380), (480, 400))
    face = Face(box=(300, 200, 300, 330), score=1.0, landmarks=points)
    spec = DetectorSpec(name="fixed", summary="F.", build=lambda: lambda picture: [face], landmarks=True, min_face=5,
                        license="MIT", source="a test")  # fmt: skip
    finder = FaceFinder(spec)
    sample = Sample(id="a.jpg", path="a.jpg", emotion="happy")
    crops = crop_dataset([sample], FOLDER, tmp_path, finder=finder, framing=Framing(), image_shape=shape)
    whole = Photograph(read_file(tmp_path, sample))
    (found,) = finder(whole)
    seen = frame(whole, found, Framing(), shape)
    np.testing.assert_array_equal(read_image(crops.spec.read_sample(tmp_path, sample), shape), seen)


def test_of_a_sample_with_a_box_that_is_the_face_and_none_is_searched_for(root):
    (root / "faces.csv").write_text(
        "path,label,x,y,w,h\nhappy/group.png,happy,10,20,30,30\nhappy/group.png,sad,60,40,50,50\n"
        "sad/nobody.png,sad,5,5,20,20\nsad/crop.png,sad,900,900,20,20\nhappy/one.png,happy,,,,\n"
    )
    spec = Registry.discover().datasets.get("table")
    samples = sorted(load_table(root / "faces.csv"), key=lambda sample: sample.id)
    finder = FaceFinder(scenes_registry().detectors.get("red"))
    crops = crop_dataset(
        samples, spec, root / "faces.csv", finder=finder, framing=Framing(), image_shape=SHAPE, largest=False
    )
    assert [sample.id for sample in crops.samples] == [sample.id for sample in samples]
    assert {name: face.box for name, face in crops.faces.items() if "#" in name} == {
        sample.id: sample.box for sample in samples if sample.box
    }
    assert crops.counts.n_boxed == 4
    assert "(4 by the dataset's boxes, detector red)" in crops.counts.note()
    read = reader(crops.spec, root / "faces.csv")
    first = next(sample for sample in samples if sample.box == (60, 40, 50, 50))
    photograph = Photograph((root / "happy/group.png").read_bytes())
    expected = frame(photograph, Face(box=first.box, score=1.0), Framing(), SHAPE)
    np.testing.assert_array_equal(read_image(read(first), SHAPE), expected)
    outside = next(sample for sample in samples if sample.path == "sad/crop.png")
    with pytest.raises(UnreadableImageError, match=r"nothing of the picture .* lies in its face box 900,900,20,20"):
        read(outside)


def test_without_cropping_the_box_is_cut_out_as_high_as_it_is(root):
    (root / "faces.csv").write_text("path,label,x,y,w,h\nhappy/group.png,sad,60,40,50,50\nhappy/one.png,happy,,,,\n")
    boxed, whole = load_table(root / "faces.csv")
    read = reader(Registry.discover().datasets.get("table"), root / "faces.csv")
    with Image.open(root / "happy/group.png") as image, Image.open(io.BytesIO(read(boxed))) as face:
        np.testing.assert_array_equal(np.asarray(face), np.asarray(image.convert("RGB"))[40:90, 60:110])
    assert read(whole) == (root / "happy/one.png").read_bytes()
