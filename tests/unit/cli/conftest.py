"""A folder of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Go to a folder of pictures, some of them below others, with what is no picture among them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("photos/b.png", "photos/a.JPG", "photos/deep/er/c.webp", "photos/.hidden.png", "photos/.git/d.png"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    Path("photos/notes.txt").write_text("no picture")
    return Path("photos")
