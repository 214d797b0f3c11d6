"""The platform, opened for a command: its faults are sentences. Reaches the database; a run worker never imports this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.exc import OperationalError

from sonobench_platform.commands.trouble import CommandError
from sonobench_platform.config import Settings
from sonobench_platform.db.migrate import DatabaseUnfit
from sonobench_platform.wiring import Platform


@contextmanager
def opened(settings: Settings) -> Iterator[Platform]:
    """The platform of these settings, prepared; closed afterwards.

    Raises:
        CommandError: the database cannot be used. TokenFileError, OSError: as `Platform.prepare` says.
    """
    try:
        platform = Platform(settings)
    except ValueError as error:
        raise CommandError(f"SONOBENCH_DATABASE_URL makes no sense: {error}") from None
    with closing(platform):
        try:
            platform.prepare()
        except OperationalError as error:
            raise CommandError(f"the database cannot be used: {str(error.orig).strip().splitlines()[0]}") from None
        except DatabaseUnfit as error:
            raise CommandError(str(error)) from None
        yield platform
