"""`sonobench admin export`: a challenge's tables on stdout."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TypeVar

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.desk.exports import Form, Subject, lines
from sonobench_platform.desk.exports_api import begin_export
from sonobench_platform.domain.errors import Refusal

Word = TypeVar("Word", bound=StrEnum)


def export_table(settings: Settings, challenge: str, subject: str, *, phase: str | None, form: str) -> None:
    """Write the table as it is read."""
    with told_in_a_sentence(TokenFileError, Refusal):
        wanted, written = one_of(Subject, subject), one_of(Form, form)
        with opened(settings) as platform:
            found = begin_export(platform.core, SERVER, challenge, wanted, phase=phase)
            sys.stdout.writelines(lines(written, found))


def one_of(words: type[Word], said: str) -> Word:
    """What was said, as one of the words there are.

    Raises:
        CommandError: it is none of them.
    """
    try:
        return words(said)
    except ValueError:
        raise CommandError(f"{said!r} is none of {', '.join(words)}") from None
