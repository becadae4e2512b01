"""It does not foresee that the folder is not there."""

from emoclass import DatasetSpec, Sample, hookimpl

CAUGHT_BY = "check_missing_root_is_a_data_error"
MESSAGE = "expected a DataError for a folder that is not there, got FileNotFoundError"


def load(root):
    for folder in sorted(root.iterdir()):
        for path in sorted(folder.glob("*.png")):
            name = path.relative_to(root).as_posix()
            yield Sample(id=name, path=name, emotion=folder.name)


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
            name="missing-root-unforeseen",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
