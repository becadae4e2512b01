"""Its recipe asks for an emotion that its dataset does not hold."""

from emoclass import DatasetSpec, Recipe, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_runs_one_epoch"
MESSAGE = "angry"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset labels-not-in-the-dataset: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        yield Sample(id=name, path=name, emotion=path.parent.name)


def make_tiny(root):
    from PIL import Image

    for emotion in ("happy", "sad"):
        (root / emotion).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (24, 24), (80 * number, 90, 60)).save(root / emotion / f"{number}.png")


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="labels-not-in-the-dataset",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]


@hookimpl
def register_recipes():
    config = {"labels": ["happy", "angry"], "data": {"dataset": "labels-not-in-the-dataset"}, "model": {"name": "tiny"}}
    return [Recipe(name="labels-not-in-the-dataset", summary="A first try.", config=config)]
