"""The loader's table of class numbers has two emotions in each other's place."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_tiny_round_trips"
MESSAGE = "to be 'happy', as make_tiny wrote it, got 'sad'"

EMOTIONS = ("sad", "happy")


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset swapped-classes: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*.png")):
        yield Sample(id=path.name, path=path.name, emotion=EMOTIONS[int(path.name[0])])


def make_tiny(root):
    from PIL import Image

    written = {}
    root.mkdir(exist_ok=True)
    for digit, emotion in (("0", "happy"), ("1", "sad")):
        for number in range(3):
            name = f"{digit}_{number}.png"
            Image.new("RGB", (24, 24), (80 * number, 90, 60)).save(root / name)
            written[name] = emotion
    return written


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="swapped-classes",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
