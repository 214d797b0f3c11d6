"""Sending one mail over SMTP; where no server is set, into the log, so that no link is swallowed."""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage

from sonobench_platform.config import Settings
from sonobench_platform.notices.letters import BadAddress, Letter, message_of
from sonobench_platform.notices.sending import Refused, TryLater, Unreachable

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


def send_mail(settings: Settings, letter: Letter) -> None:
    """Hand a mail to the mail server.

    Raises:
        Refused: its address is none, or the server will never take it. TryLater, Unreachable: not this time.
    """
    try:
        message = message_of(letter, sender=settings.mail_from, public_url=settings.public_url)
    except BadAddress as error:
        raise Refused(str(error)) from None
    if settings.smtp_host is None:
        log.warning(
            "No mail server is set (SONOBENCH_SMTP_HOST); this mail goes nowhere else:\nTo: %s\nSubject: %s\n\n%s",
            letter.to,
            message["Subject"],
            letter.text,
        )
        return
    _hand_over(settings, settings.smtp_host, message)


def _hand_over(settings: Settings, host: str, message: EmailMessage) -> None:
    try:
        with _connected(settings, host) as server:
            _send(server, message)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _by_code(code, f"the mail server refused the address: {_said(said)}") from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _by_code(error.smtp_code, f"the mail server refused the mail: {_said(error.smtp_error)}") from None
    except smtplib.SMTPNotSupportedError as error:
        raise Refused(f"the mail server cannot take this mail: {error}") from None
    except smtplib.SMTPAuthenticationError as error:
        raise Unreachable(f"the mail server refused SONOBENCH_SMTP_USER: {_said(error.smtp_error)}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(f"the mail server {host}:{settings.smtp_port} cannot be used: {_said(str(error))}") from None


def _send(server: smtplib.SMTP, message: EmailMessage) -> None:
    """As `smtplib` would, but that would put a `>` before lines that begin with `From`."""
    sender, to = (message[header].addresses[0].addr_spec for header in ("From", "To"))
    server.sendmail(sender, [to], message.as_bytes())


def _connected(settings: Settings, host: str) -> smtplib.SMTP:
    """A session with the server, in TLS and signed in as configured."""
    if settings.smtp_tls == "tls":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, settings.smtp_port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, settings.smtp_port, timeout=TIMEOUT_S)
    try:
        if settings.smtp_tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, _password(settings))
    except BaseException:
        server.close()
        raise
    return server


def _password(settings: Settings) -> str:
    return "" if settings.smtp_password_file is None else settings.smtp_password_file.read_text().strip()


def _by_code(code: int, sentence: str) -> Exception:
    return Refused(sentence) if code >= 500 else TryLater(sentence)


def _said(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:300]
