"""Where a run took place: what `environment.json` holds."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import time
from typing import Any

from emoclass.plugin.registry import PluginInfo

PACKAGES = ("emoclass", "keras", "tensorflow", "ai-edge-litert", "numpy", "pillow", "scikit-learn", "scipy")


def describe_environment(plugin: PluginInfo, *, seed: int, threads: int) -> dict[str, Any]:
    """Return versions, platform, time, seed and the commit of the working directory, if it has one.

    Args:
        plugin: The plugin that is run.
        seed: The run's seed.
        threads: Processor threads at work.
    """
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"python": platform.python_version(), **package_versions()},
        "plugin": {"name": plugin.name, "version": plugin.version, "origin": plugin.origin},
        "platform": platform.platform(),
        "threads": threads,
        "seed": seed,
        "git_commit": _git_commit(),
    }


def package_versions() -> dict[str, str]:
    """Return package -> version, of those that decide what a run gives."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git_commit() -> str | None:
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
