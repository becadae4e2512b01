"""Whether Keras can be used is known before it is imported."""

from __future__ import annotations

import sys

import pytest

from emoclass import keras_backend
from emoclass.errors import ConfigError, MissingPackageError
from emoclass.keras_backend import require_keras


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Pretend that Keras was not imported yet, is set to nothing, and that just these packages are installed."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    packages = {"keras", "tensorflow"}
    monkeypatch.setattr(keras_backend, "_is_installed", lambda package: package in packages)
    return packages


def test_keras_on_tensorflow_is_what_the_extra_installs(installed):
    require_keras()


@pytest.mark.parametrize(("package", "said"), [("tensorflow", "tensorflow, which is"), ("keras", "keras, which is")])
def test_one_that_is_missing_is_named_alone(installed, package, said):
    installed.remove(package)
    with pytest.raises(MissingPackageError, match=f"This needs {said} not installed"):
        require_keras()


def test_without_keras_its_setting_is_of_no_interest(installed, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    installed.clear()
    with pytest.raises(MissingPackageError, match="keras and tensorflow, which are not"):
        require_keras()


def test_another_backend_does_without_tensorflow_unless_it_is_asked_for(installed, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    installed ^= {"tensorflow", "jax"}
    require_keras()
    with pytest.raises(MissingPackageError, match="tensorflow, which is not"):
        require_keras("tensorflow")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"backend": "tensorflow"}', "\ufeff"])
def test_a_file_that_names_no_backend_means_tensorflow(installed, tmp_path, text):
    (tmp_path / "keras.json").write_text(text, encoding="utf-8")
    require_keras()


def test_the_environment_wins_over_the_file(installed, tmp_path, monkeypatch):
    (tmp_path / "keras.json").write_text('{"backend": "theano"}', encoding="utf-8")
    with pytest.raises(ConfigError, match="backend: expected a backend that trains"):
        require_keras()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    require_keras()


def test_what_keras_runs_on_already_counts_more_than_its_settings(monkeypatch):
    import keras

    monkeypatch.setenv("KERAS_BACKEND", "theano")
    require_keras()
    monkeypatch.setattr(keras.config, "backend", lambda: "numpy")
    with pytest.raises(ConfigError, match="Keras: expected a backend that trains"):
        require_keras()


def test_a_folder_of_that_name_is_no_package(monkeypatch, tmp_path):
    (tmp_path / "left_by_an_uninstaller").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not keras_backend._is_installed("left_by_an_uninstaller")
    assert keras_backend._is_installed("json")
