"""What passes between a process and its confined child: fixed records by pipe, bytes and pixels by shared memory.

The memory is the parent's to lay out: each request says where its file lies and where the pixels go. Answers come in the
order of the requests. The parent believes no answer: its numbers are compared with what was asked for.
"""

from __future__ import annotations

import struct
from enum import IntEnum

REQUEST = struct.Struct("=B3I4Q")
"""A Job; planes, rows, columns; where the pixels go and how many bytes they may take; where the file is and its bytes."""
REPLY = struct.Struct("=BBBB12d160s")
"""A Status; 1 where colour was seen; bytes a value; bytes of the message; three rows of an affine; the message."""
READY = struct.Struct("=128s")
"""Sent once: what the child gave up."""

NO_AFFINE = (0.0,) * 12


class Job(IntEnum):
    """How a file is to be read."""

    PNG = 1
    TIFF = 2
    NIFTI_VOLUME = 3
    TIFF_VOLUME = 4


class Status(IntEnum):
    """What became of it."""

    DECODED = 0
    UNREADABLE = 1
    WRONG_SIZE = 2
    NOT_WHOLE_NUMBERS = 3
