"""What a team says of its submission to everybody: a summary of the method, a paper, the code. Nothing until it says so.

Without that, the public sees of a submission what its board says, and no more. An organiser may take the words off again.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Forbidden
from sonobench_platform.domain.text import clean_line
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.acting import Acting, acting_as

LONGEST_SUMMARY, LONGEST_URL = 1000, 500

_PLAIN = re.compile(r"[!-~]+")


def _one_line(text: object) -> object:
    """Line breaks of a text field as spaces; nothing where nothing is written."""
    return (" ".join(text.split()) or None) if isinstance(text, str) else text


def _web_address(text: str) -> str:
    """An address that a browser may be sent to, with nothing in it that reads as another one.

    Raises:
        ValueError: it is none.
    """
    if not _PLAIN.fullmatch(text):
        raise ValueError("has characters that no address has; write it as your browser's address line gives it when copied")
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.scheme != "https" or "." not in host.strip("."):
        raise ValueError("must be a whole address that begins with https://")
    if parts.username is not None or parts.password is not None or "\\" in text:
        raise ValueError("must not hold a user name or a backslash")
    return text


Address = Annotated[
    Annotated[str, Field(max_length=LONGEST_URL), AfterValidator(_web_address)] | None, BeforeValidator(_one_line)
]


class PublicWords(BaseModel):
    """What a team says of its submission on the public page; `show` is off until it says otherwise."""

    model_config = ConfigDict(extra="forbid")

    show: Annotated[bool, Field(description="Whether the public sees the words below and the image's digest.")] = False
    summary: Annotated[
        Annotated[str, AfterValidator(clean_line), Field(max_length=LONGEST_SUMMARY)] | None, BeforeValidator(_one_line)
    ] = None
    paper_url: Annotated[Address, Field(description="https only.")] = None
    code_url: Annotated[Address, Field(description="https only.")] = None


def words_of(row: SubmissionRow) -> PublicWords:
    """What is kept. It was checked when it came."""
    return PublicWords.model_construct(
        show=row.is_public, summary=row.public_summary, paper_url=row.paper_url, code_url=row.code_url
    )


def set_public_words(core: Core, work: Work, submission_id: str, wanted: PublicWords, *, caller: Identity) -> SubmissionRow:
    """Keep what a team says, in whatever state the submission is. An organiser can only have it shown no more.

    Raises:
        NotFound: there is no such submission, or it is another team's.
        Forbidden: the caller's token may not act for their team, or an organiser would speak for a team.
    """
    submission = repository.lock(work.session, submission_id)
    if acting_as(caller, submission) is Acting.ORGANISER:
        _hide(core, work, submission, wanted, caller)
        return submission
    submission.is_public = wanted.show
    submission.public_summary = wanted.summary
    submission.paper_url, submission.code_url = wanted.paper_url, wanted.code_url
    return submission


def _hide(core: Core, work: Work, submission: SubmissionRow, wanted: PublicWords, caller: Identity) -> None:
    if wanted.show:
        raise Forbidden("not-your-words", "What a submission's public page says is its team's to write; you can only hide it.")
    if submission.is_public:
        submission.is_public = False
        record(core, work, caller, "submission.hide-words", submission.id, challenge_id=submission.challenge_id)
