"""What an audit lists."""

from tiny import draw_photographs

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
