"""Its make_tiny makes a folder that exists already."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_tiny_can_be_made"
MESSAGE = "expected no error, got FileExistsError"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset makes-its-root: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        yield Sample(id=name, path=name, emotion=path.parent.name)


def make_tiny(root):
    from PIL import Image

    root.mkdir()
    for emotion in ("happy", "sad"):
        (root / emotion).mkdir()
        for number in range(3):
            Image.new("RGB", (24, 24), (80 * number, 90, 60)).save(root / emotion / f"{number}.png")


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="makes-its-root",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
