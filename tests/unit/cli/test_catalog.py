"""`emoclass detectors`: what is told of a detector, as text and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from emoclass import DetectorSpec, Registry, hookimpl
from emoclass.cli import cli
from emoclass.plugin.registry import PluginInfo


class Finder:
    @hookimpl
    def register_detectors(self):
        return [
            DetectorSpec(
                name="finder",
                summary="Finds nothing.",
                build=self.build,
                landmarks=True,
                min_face=12.5,
                license="MIT",
                source="Made for a test.",
            ),
            DetectorSpec(
                name="gone",
                summary="Names code that is not there.",
                build="nowhere_at_all:build",
                landmarks=False,
                min_face=20,
                thread_safe=True,
                license="MIT",
                source="Made for a test.",
            ),
        ]

    @staticmethod
    def build(*, score: float = 0.5, root: str = "weights"):
        return lambda picture: []


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    registry = Registry()
    registry.register(Finder(), PluginInfo("small"))
    monkeypatch.setattr(Registry, "discover", lambda: registry)


def printed(*arguments):
    done = CliRunner().invoke(cli, ["detectors", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_they_are_listed_with_their_plugin():
    assert [line.split() for line in printed("list").splitlines()[1:]] == [
        ["finder", "small", "Finds", "nothing."],
        ["gone", "small", "Names", "code", "that", "is", "not", "there."],
    ]


def test_one_is_shown_with_its_options():
    assert printed("show", "finder").splitlines()[3:] == [
        "landmarks:          yes",
        "smallest face:      12.5 pixels",
        "shared by threads:  no",
        "options:            score = 0.5, root = 'weights'",
        "license:            MIT",
        "source:             Made for a test.",
    ]


def test_one_whose_code_is_missing_is_shown_without_options():
    shown = printed("show", "gone")
    assert "options" not in shown
    assert "shared by threads:  yes" in shown


def test_the_document_has_the_fields_and_the_options():
    document = json.loads(printed("show", "finder", "--json"))
    assert document["build"].endswith(":Finder.build")
    del document["build"]
    assert document == {
        "plugin": "small",
        "name": "finder",
        "summary": "Finds nothing.",
        "landmarks": True,
        "min_face": 12.5,
        "thread_safe": False,
        "license": "MIT",
        "source": "Made for a test.",
        "options": {"score": 0.5, "root": "weights"},
    }
