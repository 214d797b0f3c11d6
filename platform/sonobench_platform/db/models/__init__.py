"""The tables. Documents (reports, evaluations, boards) are JSON text, written once and read whole.

Hidden truth is not here: references lie in the store, where score workers alone read them.
"""

from __future__ import annotations

from sonobench_platform.db.models.base import Base
from sonobench_platform.db.models.challenges import ChallengeRow, ChangeRow, DatasetRow, PhaseRow, SnapshotRow
from sonobench_platform.db.models.disqualifications import DisqualificationRow
from sonobench_platform.db.models.people import (
    EntryRow,
    InvitationRow,
    MembershipRow,
    OidcAttemptRow,
    OidcLinkRow,
    OrganiserRow,
    PersonRow,
    SeatRow,
    SessionRow,
    TeamRow,
    TokenRow,
)
from sonobench_platform.db.models.runs import (
    AttemptRow,
    BaselineRow,
    CanaryRow,
    EvaluationRow,
    NodeRow,
    RescoringItemRow,
    RescoringRow,
    RunRow,
)
from sonobench_platform.db.models.service import AnswerRow, AuditRow, MailChoiceRow, NoticeRow, PresenceRow, WebhookRow
from sonobench_platform.db.models.submissions import HistoryRow, ImageRow, QuotaRow, SubmissionRow, UploadRow

__all__ = [
    "AnswerRow",
    "AttemptRow",
    "AuditRow",
    "Base",
    "BaselineRow",
    "CanaryRow",
    "ChallengeRow",
    "ChangeRow",
    "DatasetRow",
    "DisqualificationRow",
    "EntryRow",
    "EvaluationRow",
    "HistoryRow",
    "ImageRow",
    "InvitationRow",
    "MailChoiceRow",
    "MembershipRow",
    "NodeRow",
    "NoticeRow",
    "OidcAttemptRow",
    "OidcLinkRow",
    "OrganiserRow",
    "PersonRow",
    "PhaseRow",
    "PresenceRow",
    "QuotaRow",
    "RescoringItemRow",
    "RescoringRow",
    "RunRow",
    "SeatRow",
    "SessionRow",
    "SnapshotRow",
    "SubmissionRow",
    "TeamRow",
    "TokenRow",
    "UploadRow",
    "WebhookRow",
]
