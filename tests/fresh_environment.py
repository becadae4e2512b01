"""A virtual environment that sees what the tests have, and installs and runs more: in a second, without the network."""

from __future__ import annotations

import site
import subprocess
import sys
from pathlib import Path


def fresh_environment(path: Path) -> Path:
    """Make a virtual environment and return its Python; what is installed there is seen by no other."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    python = path / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'), end='')"]
    own = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    # addsitedir, unlike a bare path, also follows the .pth files of editable installations.
    lines = [f"import site; site.addsitedir({folder!r})\n" for folder in folders]
    Path(own, "of_the_tests.pth").write_text("".join(lines), encoding="utf-8")
    return python


def install(python: Path, *folders: Path) -> None:
    """Build and install the packages in folders into the environment of a Python; what they need must be there."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", *folders], check=True)


def ran(*command: object, cwd: Path) -> str:
    """Run a command and return what it printed, after it ended well."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
