"""Every error that a user can cause or cure.

    EmoclassError
    ├── ConfigError              a setting, an option or a config file is wrong           (exit 2)
    │   └── MissingPackageError  a package of an extra is not installed                   (exit 2)
    ├── PluginError              something about a plugin
    │   ├── PluginLoadError      it could not be imported or registered
    │   ├── UnknownNameError     no plugin offers that dataset, model, ...               (exit 2)
    │   ├── DuplicateNameError   two plugins offer the same name                          (exit 2)
    │   └── ContractError        what it returned is not what its hook promised
    ├── DataError                the images or their labels
    │   ├── UnreadableImageError one file cannot be decoded; `reason` says why
    │   ├── UnreadableVideoError a video or a stream has no frames that can be read; `reason` says why
    │   └── SplitLeakageError    one thing would stand on two sides of a split
    ├── OutputError              the run folder cannot be written or read
    └── BundleError              a trained model on disk is damaged or foreign

`WholePhotographWarning` is the one warning.

A message reads *subject: expected X, got Y (where)*; the hint says what to do. The command line
catches `EmoclassError` once, prints both and exits with `exit_code`. Anything else that is raised
is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import copyreg
from typing import Any


class WholePhotographWarning(UserWarning):
    """A whole photograph was classified as it is, where faces may have been meant.

    `Classifier.predict` warns of a photograph that is given to a model of face crops; `Classifier.find` finds the faces
    first. `Classifier.find` warns where the model expects whole photographs, and no face was looked for;
    `Classifier.with_faces` says to look for them.
    """


class EmoclassError(Exception):
    """An expected failure, described in terms of what the user can change.

    Args:
        message: What is wrong, naming its subject first.
        hint: What to do about it, as a sentence.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Python's own way calls `__init__` with `args`, the finished message, which fails for subclasses with other
        # parameters. An error that cannot be unpickled makes multiprocessing.Pool wait for ever.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class ConfigError(EmoclassError):
    """A setting is missing, unknown or out of range."""

    exit_code = 2


class MissingPackageError(ConfigError):
    """A package that one of emoclass's extras installs is needed, and is not there."""


class PluginError(EmoclassError):
    """A plugin is at fault."""


class PluginLoadError(PluginError):
    """A plugin could not be imported or registered."""


class UnknownNameError(PluginError):
    """Nobody offers that name."""

    exit_code = 2


class DuplicateNameError(PluginError):
    """Two plugins offer one name."""

    exit_code = 2


class ContractError(PluginError):
    """A plugin returned something that its hook's contract excludes."""


class DataError(EmoclassError):
    """The images or their labels cannot be used as they are."""


class UnreadableImageError(DataError):
    """One image cannot be decoded.

    Args:
        path: The file as the user knows it.
        reason: Why, in a few words, without the path.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class UnreadableVideoError(DataError):
    """A video file, a stream or a camera cannot be read.

    Args:
        name: The file or the address as the user knows it.
        reason: Why, in a few words, without the name.
        hint: What to do about it, as a sentence.
    """

    def __init__(self, name: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{name}: {reason}" + ("." if hint else ""), hint)
        self.name = name
        self.reason = reason


class SplitLeakageError(DataError):
    """One sample or group would stand on two sides of a split."""


class OutputError(EmoclassError):
    """A run folder cannot be created, written or continued."""


class BundleError(EmoclassError):
    """A trained model on disk is missing, damaged or not ours."""
