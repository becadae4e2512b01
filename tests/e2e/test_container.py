"""The container file without a container engine: its own steps, and its command with nothing to write to."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from emoclass.data.synthetic_faces import draw_face

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples" / "container" / "Containerfile"
LIMIT = 825e6
"""Bytes on disk that the environment takes: emoclass with the faces model, OpenCV and PyAV."""
TOKEN = "0123456789abcdef"

LOCKED = """
for point in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
    case $point in /proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$point" || true ;; esac
done
exec unshare --user --map-user="$USER_ID" --map-group="$GROUP_ID" -- "$@"
"""
"""Makes all file systems read-only for a command, and runs it without rights."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="containers and namespaces are Linux's"),
]


def instructions():
    """Return the instructions of each stage: pairs of a word and what follows it."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    stages = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stages.append([])
        if word:
            stages[-1].append((word, rest.strip()))
    return stages


def last(word):
    """Return what the container runs with."""
    (found,) = [rest for each, rest in instructions()[-1] if each == word]
    return found


class Container:
    """What the container file makes, in a folder instead of an image."""

    def __init__(self, home):
        self.home = home
        self.user, _, self.group = last("USER").partition(":")

    def here(self, text):
        """Return a text with the folders of the image where they are here."""
        return re.sub(r"(?<![\w/])/(?=src\b|opt/emoclass\b)", f"{self.home}/", text)

    def build(self):
        """Follow the first stage; the second one only copies what that one makes."""
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": search}
        environment.pop("PYTHONPATH", None)
        for word, rest in instructions()[0]:
            if word == "COPY":
                *sources, to = shlex.split(rest)
                for source in sources:
                    self.copy(ROOT / source, Path(self.here(to)), is_into=to.endswith("/"))
            elif word == "RUN":
                done = subprocess.run(["sh", "-c", self.here(rest)], env=environment, capture_output=True, text=True)
                assert done.returncode == 0, done.stderr
            else:
                assert word == "FROM"

    def copy(self, source, to, *, is_into):
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to = to / source.name if is_into else to
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to)

    def locked(self, *command, **options):
        """Start a command as the container would."""
        variables = dict(each.split("=", 1) for each in shlex.split(self.here(last("ENV"))))
        variables["PATH"] = variables["PATH"].replace("$PATH", os.environ["PATH"])
        variables |= {"HOME": "/", "EMOCLASS_TOKEN": TOKEN, "USER_ID": self.user, "GROUP_ID": self.group}
        return subprocess.Popen(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", LOCKED, "sh", *map(str, command)],
            env=variables, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def ran(self, *command):
        """Run a command as the container would, and return its exit status and what it printed."""
        with self.locked(*command) as process:
            out, error = process.communicate(timeout=60)
        return process.returncode, out.strip(), error


@pytest.fixture(scope="module")
def container(tmp_path_factory):
    home = tmp_path_factory.mktemp("container")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    reached = subprocess.run([*pip, "download", "--no-deps", "-d", home, "pluggy"], capture_output=True, check=False)
    if reached.returncode != 0:
        pytest.skip("no package index can be reached")
    container = Container(home)
    container.build()
    return container


@pytest.fixture(scope="module")
def locked(container):
    tried = subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip("this machine allows no user namespaces")
    return container


def photograph(kind):
    face = draw_face("happy", np.random.default_rng(0)).resize((200, 200))
    pixels = np.random.default_rng(0).integers(100, 140, (1200, 1600, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    picture.paste(face, (700, 500))
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def test_the_environment_is_light(container):
    environment = container.home / "opt" / "emoclass"
    packages = {path.name for path in environment.glob("lib/python*/site-packages/*")}
    assert {"emoclass", "emoclass_faces", "emoclass_yunet", "fastapi", "av"} <= packages
    assert not packages & {"keras", "tensorflow", "jax", "torch", "pip"}
    assert sum(path.lstat().st_blocks * 512 for path in environment.rglob("*")) < LIMIT


def test_the_command_is_no_root_and_cannot_write(locked):
    assert locked.user.isdecimal() and int(locked.user) > 0
    assert locked.ran("id", "-u")[1] == locked.user
    for folder in (locked.home, "/", "/tmp", Path.home()):
        assert locked.ran("touch", f"{folder}/written")[0] != 0, folder


def test_it_serves_and_ends(locked):
    command = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD")), "--port", "0"]
    with locked.locked(*command) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("Serving at "), process.stderr.read()
            port = httpx.URL(line.split()[2]).port
            check = json.loads(re.search(r"CMD (\[.*\])", last("HEALTHCHECK"))[1])
            check = [each.replace(":8000/", f":{port}/") for each in check]
            assert locked.ran(*check)[0] == 0
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                assert {client.get(path).status_code for path in ("/", "/page/app.js")} == {200}
                assert client.get("/v1/models").status_code == 401
                client.headers["Authorization"] = f"Bearer {TOKEN}"
                large = photograph("PNG")
                assert len(large) > 2_000_000  # starlette would write it to a file
                files = [("images", ("a.jpg", photograph("JPEG"))), ("images", ("b.png", large))]
                answer = client.post("/v1/predictions", files=files)
            assert answer.status_code == 200, answer.text
            assert [len(each["faces"]) for each in answer.json()] == [1, 1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert locked.ran(*check)[0] != 0
        finally:
            process.kill()
        assert "Traceback" not in process.stderr.read()
