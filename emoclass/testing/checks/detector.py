"""Checks of a face detector."""

from __future__ import annotations

from emoclass.testing.checks import spec

CHECKS = (*spec.CHECKS, *spec.CODE_CHECKS)
