"""Only its test images say which part they belong to."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_splits_and_groups_agree"
MESSAGE = "expected an official split for all samples or for none, got one for 2 of 6"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset split-of-some: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        side = "test" if path.stem.endswith("2") else None
        yield Sample(id=name, path=name, emotion=path.parent.name, split=side)


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
            name="split-of-some",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
