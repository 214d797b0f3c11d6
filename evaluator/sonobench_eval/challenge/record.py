"""What every record of a challenge shares: frozen, refusing keys it does not know; names and paths that need no escaping."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Record(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


def is_plain_relative_path(path: str) -> bool:
    """True for `a/b/c.png`; False for absolute paths, `..`, empty parts, and characters that need escaping."""
    parts = path.split("/")
    return all(re.fullmatch(r"[A-Za-z0-9._ -]{1,200}", part) and part not in {".", ".."} for part in parts)
