"""Why an image's headers cannot be taken off."""

from __future__ import annotations


class NotStrippable(Exception):
    """The file is not one whose headers can be told from its pixels for certain. The message starts with a verb: `is ...`."""
