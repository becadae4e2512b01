"""What an audit lists."""

from tiny import draw_photographs

import emoclass
from emoclass import DatasetSpec, Registry, hookimpl
from emoclass.data.folder import load
from emoclass.plugin.registry import PluginInfo
from emoclass.workflows.audit import list_images


class Bored:
    @hookimpl
    def register_datasets(self) -> list[DatasetSpec]:
        return [DatasetSpec(name="boring", summary="B.", load=load, emotions=("bored", "happy"))]


def test_a_dataset_may_declare_an_emotion_that_is_in_no_vocabulary(tmp_path):
    registry = Registry()
    registry.register(Bored(), PluginInfo("bored", origin="tests"))
    draw_photographs(tmp_path, {"bored": 2, "happy": 1})
    listed = list_images(tmp_path, dataset="boring", registry=registry)
    assert [sample.emotion for sample in listed.samples] == ["bored", "bored", "happy"]


def test_a_misnamed_file_of_a_table_is_suspicious_and_a_face_that_is_cut_out_is_not(tmp_path):
    photos = draw_photographs(tmp_path / "photos", {"happy": 3})
    for name in ("000", "001"):
        (photos / "happy" / f"{name}.png").rename(photos / "happy" / f"{name}.jpg")
    rows = ["happy/000.jpg,happy,,,,", "happy/001.jpg,happy,2,2,20,20", "happy/002.png,happy,,,,"]
    (photos / "labels.csv").write_text("\n".join(["path,label,x,y,width,height", *rows]) + "\n")
    found = emoclass.audit(photos / "labels.csv")
    assert {each.path: each.reason for each in found.suspicious} == {
        "happy/000.jpg": "named .jpg, but is a PNG file",
    }


def test_a_table_in_a_folder_of_images_is_mentioned_with_the_command_that_reads_it(tmp_path):
    flat = tmp_path / "my photos"
    draw_photographs(tmp_path / "drawn", {"happy": 2})
    (tmp_path / "drawn" / "happy").rename(flat)
    (flat / "labels.csv").write_text("path,label\n000.png,happy\n001.png,sad\n")
    said = f"labels.csv may have labels: emoclass audit '{flat / 'labels.csv'}' audits the images that it names."
    assert said in emoclass.audit(flat).summary()
    classes = draw_photographs(tmp_path / "classes", {"happy": 2, "sad": 2})
    assert "may have labels" not in emoclass.audit(classes).summary()
    (classes / "votes.tsv").write_text("path\tlabel\n")
    assert "votes.tsv may have labels" in emoclass.audit(classes).summary()
