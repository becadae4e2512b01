"""A network that cannot be loaded again is said before it is trained."""

import keras
import pytest
from tiny import draw_photographs, tiny_registry

import emoclass
from emoclass import ModelSpec, hookimpl
from emoclass.errors import BundleError
from emoclass.plugin.registry import PluginInfo
from emoclass.progress import Progress


class Own(keras.layers.Layer):
    def call(self, x):
        return x * 2


def network(make):
    def build(*, labels, image_shape, seed):
        return keras.Sequential([
            keras.Input(image_shape),
            make(),
            keras.layers.GlobalAveragePooling2D(name="mean"),
            keras.layers.Dense(labels.units, activation=labels.head, name="dense"),
        ])  # fmt: skip

    return build


class Told(Progress):
    def __init__(self):
        self.order = []

    def note(self, message):
        self.order.append(message)

    def epoch(self, epoch, epochs, logs, seconds):
        self.order.append(f"epoch {epoch}")


@pytest.fixture
def trained(tmp_path):
    photos = draw_photographs(tmp_path / "photos", {"happy": 8, "sad": 8})

    def run(make):
        class Plugin:
            @hookimpl
            def register_models(self):
                return [ModelSpec(name="odd", summary="A network.", build=network(make), image_shape=(8, 8, 3))]

        registry, told = tiny_registry(), Told()
        registry.register(Plugin(), PluginInfo(name="odd"))
        result = emoclass.run(
            "tiny",
            model="odd",
            data=photos,
            out=tmp_path / "runs",
            epochs=1,
            audit=False,
            registry=registry,
            progress=told,
        )
        assert not list(result.folder.glob(".partial*"))
        return result, told

    return run


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: keras.layers.Lambda(lambda x: x * 2, name="twice"), "got Lambda"),
        (lambda: Own(name="own"), "expected layers of Keras or registered ones, got 'Own' of module"),
    ],
    ids=["Lambda", "not registered"],
)
def test_it_is_said_before_the_first_epoch(trained, make, reason):
    result, told = trained(make)
    [note] = [each for each in result.notes if "cannot be loaded again" in each]
    assert reason in note
    assert told.order.index(note) < told.order.index("epoch 1")
    with pytest.raises(BundleError):
        result.model  # noqa: B018 (it loads the network)


def test_a_network_that_can_be_loaded_has_no_such_note(trained):
    result, _ = trained(lambda: keras.layers.Activation("relu", name="relu"))
    assert not [each for each in result.notes if "loaded again" in each]
    assert result.model is not None
