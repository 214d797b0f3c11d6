"""Configuration from the environment, with what was said on the command line on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings


def settings_with(**given: Path | str | int | None) -> Settings:
    """Settings whose `given` fields (None: not given) replace what the environment says.

    Ends the command, with a sentence, where they make no sense.
    """
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with told_in_a_sentence():
        try:
            return Settings(**said)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'configuration'}: {each['msg']}" for each in error.errors()
            )
            raise CommandError(f"the configuration (SONOBENCH_... and options) makes no sense: {problems}") from None
