"""A notice as a mail message. Pure: no header can be smuggled in, whatever a name or an address holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadAddress(Exception):
    """No mail can be sent to such an address, now or later."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, to whom."""

    id: str
    to: str
    subject: str
    text: str
    event: str
    at: datetime


def message_of(letter: Letter, *, sender: str, public_url: str) -> EmailMessage:
    """The message, with an id of its own that stays the same when it is sent again. Addresses are ASCII, as most servers want.

    Args:
        sender: `Name <address>` or an address.

    Raises:
        BadAddress: `to` or `sender` is no single address.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(letter.to)
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{_address(sender).domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Sonobench-Event"] = _line(letter.event)
    message.set_content(_SURROGATE.sub("\ufffd", f"{letter.text.rstrip()}\n\n-- \nSonobench at {public_url}\n"))
    return message


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    if _CONTROL.search(text) or "," in spec or spec.count("@") != 1 or (not name and spec != text.strip()):
        raise BadAddress(f"{_line(text)!r} is no mail address")
    try:
        local, domain = spec.split("@")
        return Address(display_name=name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError) as error:
        raise BadAddress(f"{_line(text)!r} is no mail address") from error
    except Exception as error:  # the parser's own errors have no common base
        raise BadAddress(f"{_line(text)!r} is no mail address") from error


def _line(text: str) -> str:
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text)).strip()
