"""Files that appear whole, and never in the place of others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def move_new(partial: Path, target: Path) -> None:
    """Move a file or folder to a path where nothing is, even if another process writes there at the same moment.

    Args:
        partial: What to move; a file may keep its old name, too.
        target: Where to, on the same disk.

    Raises:
        FileExistsError: There is something.
        OSError: It cannot be written.
    """
    try:
        if partial.is_dir():
            partial.rename(target)  # takes the place of no file, and of no folder but an empty one
            return
        os.link(partial, target)  # a rename would take the place of a file
    except FileExistsError:
        raise
    except OSError as error:
        if os.path.lexists(target):  # systems have several errors for it
            raise FileExistsError(*error.args) from error
        if partial.is_dir():
            raise
        with partial.open("rb") as source, target.open("xb") as copy:  # a file system without hard links
            shutil.copyfileobj(source, copy)
