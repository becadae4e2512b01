"""Add the hashes of a run's training images to bundles whose models were trained on the same images.

    python hash_images.py RUN BUNDLE [BUNDLE ...]

For bundles that were written before runs did this themselves, or trained with `[data] hashes = false`. RUN is a
finished run whose images are still in place. A model that learned from others must come after these.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from emoclass.auditing.hashes import hash_images
from emoclass.auditing.seen import seen_by
from emoclass.bundle.hashes import write_hashes
from emoclass.bundle.manifest import HASHES, KERAS, MANIFEST
from emoclass.bundle.read import Bundle, read_bundle
from emoclass.bundle.write import describe_file
from emoclass.plugin.registry import Registry


def main() -> None:
    """Read the command line, hash the images once, and write them into each bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("bundles", type=Path, nargs="+")
    arguments = parser.parse_args()
    trained = read_bundle(arguments.run / "bundle").manifest.trained
    seen = seen_by(
        arguments.run, Registry.discover(), plugin=str(trained["plugin"]), config_digest=str(trained["config"])
    )
    if seen is None:
        raise SystemExit(f"{arguments.run}: its images are no longer in place.")
    hashed = hash_images(seen.samples, seen.spec, seen.root)
    ids = {sample.id for sample in seen.samples}
    done: dict[str, Bundle] = {}
    for path in arguments.bundles:
        bundle = read_bundle(path)
        n_samples = bundle.manifest.trained["n_samples"]
        if n_samples["train"] + n_samples["validation"] != len(seen.samples):
            raise SystemExit(f"{path}: was trained on other images than {arguments.run}.")
        told = write_hashes(path, ids, hashed, [done.get(digest) for digest in _learned_from(bundle)])
        document = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        document["files"][HASHES] = describe_file(path / HASHES, input_range=(0.0, 255.0)).model_dump(mode="json")
        document["trained"]["hashes"] = told
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (path / MANIFEST).write_text(text, encoding="utf-8")
        done[bundle.manifest.files[KERAS].sha256] = read_bundle(path)
        print(path, json.dumps(told), f"{(path / HASHES).stat().st_size:,} bytes")


def _learned_from(bundle: Bundle) -> list[str]:
    """Return the digests of the models that a model learned from; an empty one where it is not recorded."""
    trained = bundle.manifest.trained
    teachers = [each["sha256"] for each in trained.get("teacher", {}).get("models", [])]
    return [*teachers, *([""] if trained.get("start") else [])]


if __name__ == "__main__":
    main()
