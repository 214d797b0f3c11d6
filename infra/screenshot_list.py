"""Which pages of the showcase the docs show, and what they say of each."""

from __future__ import annotations

from typing import NamedTuple

from infra.showcase_pages import BOARD, DESK, OPEN, OPEN_BOARD, PAIR, Stop


class Shot(NamedTuple):
    """A picture: its file, the page, and what the docs say of it."""

    name: str
    stop: Stop
    sentence: str


class Chapter(NamedTuple):
    """Pictures that belong together."""

    title: str
    shots: tuple[Shot, ...]


def _shot(name: str, who: str, path: str, sentence: str) -> Shot:
    return Shot(name, Stop(who, path), sentence)


SNAPSHOT = "/challenges/uusic25/snapshots/<snapshot>"
CHAPTERS = (
    Chapter(
        "For everybody",
        (
            _shot("challenges", "nobody", "/", "What runs here, and where each challenge stands."),
            _shot("challenge", "nobody", OPEN, "A challenge: what is asked, phases, rules, metrics and data by center."),
            _shot("leaderboard", "nobody", BOARD, "A closed challenge's board: ranks with ranges, scores with intervals."),
            _shot("leaderboard-open", "nobody", OPEN_BOARD, "While a phase is open, the figures shown are rounded."),
            _shot("charts", "nobody", f"{BOARD}/charts", "Every chart begins with its finding, and has its numbers and files."),
            _shot("what-if", "nobody", f"{BOARD}/what-if", "Other weights, tolerances and schemes, by the engine that ranked."),
            _shot("compare", "nobody", PAIR, "Two teams side by side, with paired differences."),
            _shot("difficulty", "nobody", f"{BOARD}/difficulty", "Cases that all, most, few or no teams get right."),
            _shot("history", "nobody", f"{BOARD}/history", "What was published when, and what each time changed."),
            _shot("snapshot", "nobody", SNAPSHOT, "A published ranking, at its address for good."),
        ),
    ),
    Chapter(
        "For teams",
        (
            _shot("take-part", "nobody", "/portal", "What it takes, for whoever is not signed in."),
            _shot("sign-up", "nobody", "/account/sign-up", "A name, a mail address, a password."),
            _shot("sign-in", "nobody", "/account/sign-in", "Signing in."),
            _shot("invitation", "newcomer", "/invitations/<invitation>", "An invitation into a team."),
            _shot("portal", "captain", "/portal", "What is next, the latest submissions, challenges and teams."),
            _shot("checklist", "newcomer", f"/portal{OPEN}", "The way to a first score, step by step."),
            _shot("checklist-done", "captain", f"/portal{OPEN}", "The same for a team on its way: quota, upload, commands."),
            _shot("team", "captain", "/teams/<team>", "A team: its people, invitations and tokens."),
            _shot("submission-running", "captain", "/submissions/<running>", "A run as it happens, with the end of its log."),
            _shot("submission-scored", "captain", "/submissions/<scored>", "Scores, the way there, and what the run used."),
            _shot(
                "submission-findings",
                "captain",
                "/submissions/<scored with findings>",
                "What was wrong, and its cure.",
            ),
            _shot("submission-failed", "captain", "/submissions/<failed: participant>", "Why a run failed, and what to do."),
            _shot("submission-refused", "captain", "/submissions/<rejected>", "An image that was not taken."),
            _shot("account", "captain", "/account", "Somebody's own account."),
            _shot("sessions", "captain", "/account/sessions", "Where somebody is signed in."),
            _shot("tokens", "captain", "/account/tokens", "Personal tokens for the API."),
            _shot("own-data", "captain", "/account/data", "What is kept of somebody, to take away or to erase."),
        ),
    ),
    Chapter(
        "For organizers",
        (
            _shot("desk", "organizer", "/desk", "What waits for a decision."),
            _shot("desk-challenge", "organizer", DESK, "One challenge: its phases, queue and what needs somebody."),
            _shot("desk-teams", "organizer", f"{DESK}/teams", "Teams to approve, and all others."),
            _shot("desk-team", "organizer", f"{DESK}/teams/<team>", "One team, and what can be decided about it."),
            _shot("desk-submissions", "organizer", f"{DESK}/submissions", "Submissions, with filters and bulk actions."),
            _shot("desk-failures", "organizer", f"{DESK}/failures", "Failures by their cause."),
            _shot("desk-quota", "organizer", f"{DESK}/quota", "The quota ledger."),
            _shot("desk-data", "organizer", f"{DESK}/data", "What the verification of the data found."),
            _shot("desk-publish", "organizer", f"{DESK}/publish", "What publishing would change, before it does."),
            _shot("desk-audit", "organizer", f"{DESK}/audit", "Who did what."),
            _shot("desk-exports", "organizer", f"{DESK}/exports", "Everything to take away."),
            _shot("desk-nodes", "administrator", "/desk/nodes", "Nodes, what runs where, and the queue."),
        ),
    ),
)
