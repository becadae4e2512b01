"""Its ids are numbers instead of text."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_tiny_round_trips"
MESSAGE = "id: input should be a valid string, got 0"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset numbers-for-ids: no folder {root}.", hint="Give it with --data DIR.")
    for number, path in enumerate(sorted(root.glob("*/*.png"))):
        name = path.relative_to(root).as_posix()
        yield Sample(id=number, path=name, emotion=path.parent.name)


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
            name="numbers-for-ids",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
