"""It has no tiny edition: nobody without the data can test its loader."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_tiny_can_be_made"
MESSAGE = "expected make_tiny, got none"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset no-make-tiny: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        yield Sample(id=name, path=name, emotion=path.parent.name)


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="no-make-tiny",
            summary="Photographs in a folder per emotion.",
            load=load,
            emotions=("happy", "sad"),
        )
    ]
