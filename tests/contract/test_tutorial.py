"""What docs/tutorial-first-plugin.md asks its readers to do, and what they are told."""

import sys
import tomllib
from pathlib import Path

import pytest
from tiny import tiny_registry

from emoclass import Registry
from emoclass.scaffold.new import write_plugin
from emoclass.testing.case import CheckFailed
from emoclass.testing.run import collect_checks
from emoclass.values.kinds import KINDS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial-first-plugin.md"
LAST_LAYER = 'layers.Dense(3, activation="softmax", name="emotion")'
CROWD = f"""
from emoclass import ModelSpec, hookimpl


def build(*, labels, image_shape, seed):
    import keras
    from keras import layers

    pictures = keras.Input(image_shape)
    return keras.Model(pictures, {LAST_LAYER}(layers.GlobalAveragePooling2D(name="average")(pictures)), name="crowd")


@hookimpl
def register_models():
    return [ModelSpec(name="crowd", summary="A small network.", build=build, image_shape=(16, 16, 3))]
"""


def test_the_mistake_gives_the_message_that_the_page_shows(tmp_path):
    (tmp_path / "crowd.py").write_text(CROWD, encoding="utf-8")
    (check,) = [each for each in collect_checks(tmp_path / "crowd.py", tiny_registry()) if each.name == "check_output"]
    sys.modules.pop("crowd", None)
    with pytest.raises(CheckFailed) as failed:
        check()
    page = PAGE.read_text(encoding="utf-8")
    assert LAST_LAYER in page
    assert f"\n{failed.value}\n" in page


def test_what_is_begun_with_has_the_files_that_the_page_replaces(tmp_path):
    write_plugin("crowd", tuple(kind.name for kind in KINDS), registry=Registry.discover(), out=tmp_path)
    begun, finished = tmp_path / "emoclass-crowd", ROOT / "examples" / "emoclass-crowd"
    replaced = [*finished.glob("emoclass_crowd/*.py"), *finished.glob("tests/*.py")]
    assert len(replaced) == 7
    assert [path for path in replaced if not (begun / path.relative_to(finished)).is_file()] == []
    # What the finished files import is there when its reader installs what was begun.
    project = tomllib.loads((begun / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = tomllib.loads((finished / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(needed["dependencies"]) <= set(project["dependencies"])
