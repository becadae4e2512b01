"""Where an annotator gave no answer, its table has -1, and so have its votes."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_votes_are_counts"
MESSAGE = "expected votes of 0 or more, got {"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset votes-below-zero: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        yield Sample(id=name, path=name, emotion=path.parent.name, votes={"happy": 3, "sad": -1})


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
            name="votes-below-zero",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
