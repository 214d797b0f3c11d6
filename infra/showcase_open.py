"""The open challenge of the showcase: people, teams that wait for approval, and submissions in every state there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from infra.showcase_challenges import Extent, write_open
from infra.showcase_scores import REFUSED, Skill
from infra.showcase_stage import PASSWORD, Stage, report_of
from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.db.models import AttemptRow, NoticeRow, RescoringRow, SubmissionRow, TeamRow
from sonobench_platform.runs.rescore_items import due_items
from sonobench_platform.submissions.failing import fail

NAME = "thyroid-2026"
SCRIPT = "<script>alert(1)</script>"
TURNED = "Team \u202egnilrats"
"""A name that turns the line around. Nobody can choose it any more; a database may be older than that rule."""
_REFUSED = "Home Team"
_OTHERS = (
    ("Nodule Hunters", 0.86, 0.81, 31.0, 2.1),
    ("Blue Whale", 0.84, 0.78, 18.5, 4.0),
    ("Karlsruhe Echo", 0.82, 0.80, 44.2, 1.2),
    (SCRIPT, 0.80, 0.70, 27.0, 3.3),
    ("Turned", 0.77, 0.72, 61.0, 0.9),
)


@dataclass
class OpenStory:
    """What came of it: the captain's team, the secrets of mailed links, and one submission in each state (and of
    each kind of failure)."""

    team_id: str
    submissions: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


class _Teller:
    def __init__(self, stage: Stage, people: dict[str, str]) -> None:
        self.stage, self.people = stage, people
        self.captain = stage.token_of(people["captain"])
        made = stage.ask("POST", "/api/v1/me/teams", token=self.captain, json={"name": "Echo Lab"})
        self.story = OpenStory(team_id=str(made["id"]))

    def enter(self, token: str) -> None:
        """Sign the terms."""
        terms = self.stage.ask("GET", f"/api/v1/challenges/{NAME}/terms")["sha256"]
        self.stage.ask("POST", f"/api/v1/challenges/{NAME}/entry", token=token, json={"terms_sha256": terms})

    def approve(self, team_id: str) -> None:
        self.stage.ask("POST", f"/api/v1/challenges/{NAME}/entries/{team_id}/approve")

    def team_id(self, name: str) -> str:
        with self.stage.core.database.read() as session:
            return session.scalars(select(TeamRow.id).where(TeamRow.name == name)).one()

    def keep(self, state: str, submission: str) -> None:
        self.story.submissions[state] = submission


def tell_open(stage: Stage, folder: Path, extent: Extent, people: dict[str, str], *, opens: datetime, now: datetime) -> OpenStory:
    """Register it and fill it; the clock ends at `now`, with some submissions under way."""
    stage.platform.register_challenge(write_open(folder, extent, opens=opens))
    stage.let_organise(people["organizer"], NAME)
    stage.let_organise(people["organizer"], "uusic25")
    stage.clock.go_to(opens + timedelta(hours=2))
    stage.platform.sweep()
    teller = _Teller(stage, people)
    stage.join(teller.story.team_id, people["member"])
    _others(teller)
    teller.enter(teller.captain)
    teller.approve(teller.story.team_id)
    _waiting(teller)
    _ends(teller)
    _rescored(teller)
    stage.clock.go_to(now - timedelta(minutes=40))
    _under_way(teller, now)
    _mails(teller)
    _turn_a_name(stage)
    return teller.story


def _others(teller: _Teller) -> None:
    for name, dsc, auc, time_s, gpu_gb in _OTHERS:
        token = teller.stage.team(name)
        teller.enter(token)
        teller.approve(teller.team_id(name))
        teller.stage.clock.pass_by(hours=7)
        teller.stage.scored(token, NAME, Skill(dsc, auc, label=name), time_s=time_s, gpu_gb=gpu_gb)


def _waiting(teller: _Teller) -> None:
    """Teams that an organizer has to decide on, and one that was refused."""
    for name in ("Late Birds", "Sonography Seven", _REFUSED):
        teller.enter(teller.stage.team(name))
        teller.stage.clock.pass_by(hours=3)
    reason = "Two of you organize this challenge. Take part without being ranked, or name a team without them."
    path = f"/api/v1/challenges/{NAME}/entries/{teller.team_id(_REFUSED)}/refuse"
    teller.stage.ask("POST", path, json={"reason": reason})


def _ends(teller: _Teller) -> None:
    """Every end that a submission can have, all of the captain's team, a day or so apart."""
    stage, token = teller.stage, teller.captain
    ways: dict[str, dict[str, Any]] = {
        "failed: participant": {"exit_code": 1, "result_files": 0, "log_tail": _TRACEBACK},
        "failed: time": {"timed_out": True, "exit_code": 137, "result_files": 0},
        "failed: undetermined": {"exit_code": 137, "result_files": 0},
    }
    teller.keep("rejected", stage.queued(token, NAME, note="the wrong file", starts=REFUSED))
    for state, changes in ways.items():
        stage.clock.pass_by(hours=20)
        teller.keep(state, stage.queued(token, NAME))
        stage.ran(stage.claim(), report_of(stage.clock.now(), time_s=21.0, gpu_gb=1.9, **changes), None)
    stage.clock.pass_by(hours=20)
    teller.keep("failed: organizer", stage.checking(token, NAME))
    _fail_by_organiser(stage, teller.story.submissions["failed: organizer"])
    teller.keep("failed: platform", stage.queued(token, NAME))
    for _ in range(stage.core.settings.max_attempts):
        stage.lose(stage.claim(), "the engine did not answer any more")
    stage.clock.pass_by(hours=20)
    teller.keep("cancelled", stage.queued(token, NAME, note="wrong weights"))
    stage.ask("POST", f"/api/v1/submissions/{teller.story.submissions['cancelled']}/cancel", token=token)
    teller.keep("withdrawn", _scored(teller, Skill(0.70, 0.6, label="Echo 1"), note="baseline"))
    stage.ask("POST", f"/api/v1/submissions/{teller.story.submissions['withdrawn']}/withdraw", token=token)
    teller.keep("scored, disqualified", _scored(teller, Skill(0.83, 0.77, label="Echo 1b"), note="with other data"))
    reason = "It was trained on images of the validation set, as the team told us itself."
    stage.ask(
        "POST", f"/api/v1/submissions/{teller.story.submissions['scored, disqualified']}/disqualify", json={"reason": reason}
    )
    stage.clock.pass_by(hours=20)
    teller.keep("scored with findings", _scored(teller, Skill(0.81, 0.74, bad_masks=6, label="Echo 2"), note="half resolution"))
    stage.clock.pass_by(hours=20)
    teller.keep("scored", _scored(teller, Skill(0.85, 0.79, label="Echo 3"), note="full resolution, two epochs more"))


def _scored(teller: _Teller, skill: Skill, *, note: str) -> str:
    return teller.stage.scored(teller.captain, NAME, skill, time_s=38.4, gpu_gb=1.9, note=note)


def _fail_by_organiser(stage: Stage, submission: str) -> None:
    said = "A reference of this challenge could not be read. The organizers have been told; it costs you nothing."
    with stage.core.database.write() as work:
        row = work.session.get_one(SubmissionRow, submission)
        fail(stage.core, work, row, category="data", blame=Blame.ORGANISER, sentence=said, at=stage.clock.now())


def _rescored(teller: _Teller) -> None:
    """One rescoring that was published, and one that waits for its organizer's word."""
    stage = teller.stage
    for reason in ("Two reference masks were mended.", "A third reference mask was mended."):
        stage.clock.pass_by(hours=10)
        stage.evaluator.mended = "" if reason.startswith("Two") else "mended"
        asked = {"phase": "validation", "reason": reason}
        rescoring = str(stage.ask("POST", f"/api/v1/challenges/{NAME}/rescorings", json=asked)["id"])
        for item in due_items(stage.core):
            stage.platform.rescore(item)
        stage.platform.sweep()
        with stage.core.database.read() as session:
            state = session.get_one(RescoringRow, rescoring).state
        if state != "ready":
            raise RuntimeError(f"the rescoring is {state}")
        if reason.startswith("Two"):
            stage.ask("POST", f"/api/v1/rescorings/{rescoring}/publish")
        else:
            teller.keep("rescoring", rescoring)
    stage.evaluator.mended = ""


def _mails(teller: _Teller) -> None:
    """An open invitation, an account to confirm and a password to set anew; the secrets stand in the mails alone."""
    stage = teller.stage
    path = f"/api/v1/teams/{teller.story.team_id}/invitations"
    stage.ask("POST", path, token=teller.captain, json={"email": "noor@example.org"})
    stranger = {"email": "pat@example.org", "name": "Pat Okafor", "password": PASSWORD}
    stage.ask("POST", "/api/v1/account/sign-up", json=stranger)
    stage.ask("POST", "/api/v1/account/reset-request", json={"email": "max@example.org"})
    links = {"invitation": "/invitations/", "confirmation": "/account/confirm?token=", "reset": "/account/reset?token="}
    with stage.core.database.read() as session:
        mailed = "\n".join(session.scalars(select(NoticeRow.body)))
    for what, link in links.items():
        teller.story.secrets[what] = mailed.split(link)[1].split()[0]


def _under_way(teller: _Teller, now: datetime) -> None:
    """What waits and runs at this moment. The queue is fair: other teams' runs are between the captain's."""
    stage, other = teller.stage, teller.stage.team("Night Shift")
    teller.enter(other)
    teller.approve(teller.team_id("Night Shift"))
    teller.keep("scoring", stage.queued(teller.captain, NAME, note="with more speckle"))
    stage.ran(stage.claim(), report_of(stage.clock.now(), time_s=35.0, gpu_gb=2.0), Skill(label="Echo 4").results())
    teller.keep("running", stage.queued(teller.captain, NAME, note="smaller network"))
    stage.clock.go_to(now - timedelta(minutes=6))
    _logged(stage, stage.claim())
    teller.keep("queued before", stage.queued(other, NAME))
    teller.keep("queued", stage.queued(other, NAME))
    teller.keep("checking", stage.checking(teller.captain, NAME))
    teller.keep("uploading", _half_sent(teller))
    stage.clock.go_to(now)


def _logged(stage: Stage, claimed: dict[str, Any]) -> None:
    """It runs, and its node said what its container printed so far."""
    stage.clock.pass_by(minutes=2)
    stage.beat(claimed, "run")
    with stage.core.database.write() as work:
        attempt = work.session.get_one(AttemptRow, (claimed["run_id"], claimed["attempt"]))
        attempt.live_log, attempt.live_log_at = _SO_FAR, stage.clock.now()


def _half_sent(teller: _Teller) -> str:
    """An upload that stopped in the middle and can go on."""
    stage, whole = teller.stage, 64 * 1024
    submission = stage.opened(teller.captain, NAME, note="half way through", size_bytes=whole)
    tus = {"Tus-Resumable": "1.0.0"}
    length = {"Upload-Length": str(whole)}
    made = stage.answer("POST", f"/api/v1/submissions/{submission}/upload", token=teller.captain, headers=tus | length)
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    stage.ask("PATCH", made.headers["Location"], token=teller.captain, headers=tus | part, content=b"." * (whole // 2))
    return submission


def _turn_a_name(stage: Stage) -> None:
    with stage.core.database.write() as work:
        row = work.session.scalars(select(TeamRow).where(TeamRow.name == "Turned")).one()
        row.name = TURNED


_SO_FAR = "loading weights\n96 cases\n 12 of 96\n 24 of 96\n 36 of 96\n"
_TRACEBACK = """loading weights
Traceback (most recent call last):
  File "/app/model.py", line 41, in <module>
    model.load_state_dict(torch.load("weights.pt"))
FileNotFoundError: [Errno 2] No such file or directory: 'weights.pt'
"""
