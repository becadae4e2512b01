"""An official split that keeps each person on one side; some persons are not known."""

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

SIDES = {"a": "train", "b": "train", "c": "validation", "d": "test"}


def load(root):
    if not root.is_dir():
        raise DataError(f"dataset official-split: no folder {root}.", hint="Give it with --data DIR.")
    for path in sorted(root.glob("*/*/*.png")):
        name = path.relative_to(root).as_posix()
        side, emotion, file = name.split("/")
        person = None if file.startswith("unknown") else file.partition("-")[0]
        yield Sample(id=name, path=name, emotion=emotion, group=person, split=side)


def make_tiny(root):
    from PIL import Image

    written = {}
    for number, (person, side) in enumerate([*SIDES.items(), ("unknown", "train"), ("unknown", "test")]):
        for position, emotion in enumerate(("anger", "neutral")):
            folder = root / side / emotion
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("L", (20, 24), 30 * number + 20 * position).save(folder / f"{person}-1.png")
            written[f"{side}/{emotion}/{person}-1.png"] = emotion
    return written


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="official-split",
            summary="Photographs in folders by split and emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("angry", "neutral"),
        )
    ]
