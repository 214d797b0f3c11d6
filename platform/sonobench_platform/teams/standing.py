"""How a team stands in a challenge: pure, from its entry and from what the challenge asks for now.

What a challenge asks for may change after a team entered, so it is asked again at every submission: changed terms are to be
signed again, and a team that came in before approval was asked for waits for it.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import NamedTuple

from sonobench_eval.challenge.phase import EntryRules
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.db.models import ChallengeRow, EntryRow
from sonobench_platform.domain.errors import Conflict, Forbidden, Refusal


class Standing(StrEnum):
    """What keeps a team from handing in; `IN`: nothing."""

    ABSENT = "absent"
    UNSIGNED = "unsigned"
    PENDING = "pending"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    IN = "in"


class Terms(NamedTuple):
    """What a team agrees to; `sha256` is of the text's UTF-8 bytes, as hexadecimal digits."""

    text: str
    sha256: str


def rules_of(challenge: ChallengeRow) -> EntryRules:
    """What the challenge asks of a team before it can hand in."""
    return public_challenge(challenge).entry


def terms_of(rules: EntryRules) -> Terms | None:
    """The terms to sign; None where there are none."""
    text = rules.terms
    return Terms(text, hashlib.sha256(text.encode()).hexdigest()) if text else None


def standing_of(entry: EntryRow | None, rules: EntryRules) -> Standing:
    """How the team with this entry stands under these rules."""
    if entry is None:
        return Standing.IN if not rules.approval and terms_of(rules) is None else Standing.ABSENT
    if entry.status in {"refused", "withdrawn"}:
        return Standing(entry.status)
    terms = terms_of(rules)
    if terms is not None and entry.terms_sha256 != terms.sha256:
        return Standing.UNSIGNED
    approved = entry.status == "approved" and entry.decided_by is not None
    return Standing.IN if approved or not rules.approval else Standing.PENDING


def refusal_of(standing: Standing, challenge: ChallengeRow, reason: str | None) -> Refusal:
    """What a team is told that hands in while it stands so. Not for `IN`."""
    route = f"POST /api/v1/challenges/{challenge.name}/entry"
    title = challenge.title
    match standing:
        case Standing.ABSENT:
            return Conflict("entry-needed", f"Your team has not entered {title}; its captain enters it first ({route}).")
        case Standing.UNSIGNED:
            said = f"Your team has not signed the terms of {title} as they are now; its captain reads and signs them ({route})."
            return Conflict("terms-unsigned", said)
        case Standing.PENDING:
            why = f" They said: {reason}" if reason else ""
            said = f"The organisers of {title} have not approved your team yet; a mail tells its captain when they do.{why}"
            return Forbidden("entry-pending", said)
        case Standing.REFUSED:
            said = f"The organisers of {title} refused your team: {reason or 'no reason was given'}. Ask them what to do."
            return Forbidden("entry-refused", said)
        case _:
            return Conflict("entry-withdrawn", f"Your team withdrew from {title}; its captain can enter it again ({route}).")
