"""What all settings have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["SettingsBase", "Spec"]


class SettingsBase(BaseModel):
    """Settings that cannot be changed and have no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Spec(BaseModel):
    """Something that a plugin registered, by name, with options: ``{name: rotation, axis: z}``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def options(self) -> dict[str, Any]:
        """What is given besides the name."""
        return dict(self.model_extra or {})
