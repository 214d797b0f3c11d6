"""A container's log as it may be shown: plain text, its end, and how much is missing. Pure.

A terminal obeys what it is sent: titles, colours, links, answers typed into the reader's shell. Text that turns its
direction around reads as something else. So nothing of that is left, whoever the reader is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

TEAM_LINES, TEAM_BYTES = 500, 64 * 1024
ORGANISER_LINES, ORGANISER_BYTES = 10_000, 1024 * 1024
LONGEST_LINE = 2000
"""Characters of one line that are shown: at most 8,000 bytes, so that a line always fits."""

# Each alternative ends where its characters do, so nothing is read twice; none reaches beyond its line.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, modes
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\r\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # the short ones
)
_LINE_ENDS = re.compile("\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 without tab and line ends
    "\xad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, and direction
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class ShownLog:
    """The end of a log. `lines_left_out` came before it; of `lines_cut` only the beginning is shown."""

    text: str
    lines: int
    lines_left_out: int = 0
    lines_cut: int = 0

    @property
    def missing(self) -> str:
        """What is missing, in a sentence; empty where nothing is."""
        parts = []
        if self.lines_left_out:
            parts.append(f"{_counted(self.lines_left_out, 'earlier line')} left out")
        if self.lines_cut:
            parts.append(f"{_counted(self.lines_cut, 'long line')} cut")
        sentence = ", and ".join(parts)
        return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def shown_log(log: str | bytes, *, most_lines: int = TEAM_LINES, most_bytes: int = TEAM_BYTES) -> ShownLog:
    """The last lines of a log, harmless in a terminal and on a page (where it is still to be escaped).

    Args:
        log: as the container wrote it; bytes that are no UTF-8 become replacement characters.
        most_lines: how many lines at most, the last ones.
        most_bytes: how many bytes of UTF-8 at most, whole lines only.

    A carriage return ends a line, so that what a progress bar writes over is still seen.
    """
    text = log.decode("utf-8", "replace") if isinstance(log, bytes) else log
    lines = _LINE_ENDS.split(_SEQUENCES.sub("", text))
    if lines[-1] == "":
        lines.pop()
    cleaned = [_UNSEEN.sub("", line) for line in lines]
    kept = [_cut(line) for line in cleaned[-most_lines:]]
    sizes = accumulate(len(line.encode()) + 1 for line in reversed(kept))
    fitting = sum(size <= most_bytes for size in sizes)
    shown = kept[len(kept) - fitting :]
    cut = sum(len(line) > LONGEST_LINE for line in cleaned[len(cleaned) - fitting :])
    return ShownLog("\n".join(shown), lines=len(shown), lines_left_out=len(lines) - len(shown), lines_cut=cut)


def _cut(line: str) -> str:
    over = len(line) - LONGEST_LINE
    return line if over <= 0 else f"{line[:LONGEST_LINE]}… ({over:,} more characters)"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what} is" if number == 1 else f"{number:,} {what}s are"
