"""It leaves a cache among the user's pictures."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_listing_is_repeatable"
MESSAGE = "expected listing to leave the folder as it is"


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset writes-a-cache: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*.png")):
        name = path.relative_to(root).as_posix()
        yield Sample(id=name, path=name, emotion=path.parent.name)
    (root / f"cache-{len(list(root.iterdir()))}.txt").write_text("seen", encoding="utf-8")


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
            name="writes-a-cache",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
