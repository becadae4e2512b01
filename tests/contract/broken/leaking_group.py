"""A person is in the official training and test parts."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_splits_and_groups_agree"
MESSAGE = "expected each group on one side of the official split, got group 'person 0'"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset leaking-group: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        side = "test" if path.stem.endswith("2") else "train"
        yield Sample(id=name, path=name, emotion=path.parent.name, group="person 0", split=side)


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
            name="leaking-group",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
