"""How a stranger's words appear in our sentences: short, printable, quoted."""

from __future__ import annotations

SHOWN_CHARACTERS = 80

SAVE_COMMAND = "docker save -o image.tar NAME:TAG"
"""The command nearly every refused upload should have been made with."""


def quoted(text: str | bytes) -> str:
    """The text in quotation marks, with anything but printable ASCII replaced and at most 80 characters kept."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    shown = "".join(c if " " <= c <= "~" else "?" for c in text[: SHOWN_CHARACTERS + 1])
    return f"'{shown}'" if len(shown) <= SHOWN_CHARACTERS else f"'{shown[:SHOWN_CHARACTERS]}...'"


def size_text(size_bytes: int) -> str:
    """Bytes as people read them: '64 GiB', '1.5 MiB', '300 bytes'."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.3g} {name}"
    return f"{size_bytes} bytes"
