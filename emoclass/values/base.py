"""The one base of every typed value: frozen, and strict about unknown fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """A value that never changes after it was validated."""

    model_config = ConfigDict(frozen=True, extra="forbid")
