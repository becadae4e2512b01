"""It yields dicts instead of Samples."""

from emoclass import DatasetSpec, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_tiny_round_trips"
MESSAGE = "expected load to yield Samples, got dict"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset plain-dicts: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        yield {"id": name, "path": name, "emotion": path.parent.name}


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
            name="plain-dicts",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
