"""The way from an account to a score as a checklist: each step done, to do, or waiting, with the commands for this very team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sonobench_platform.domain.states import State
from sonobench_platform.teams.standing import Standing
from sonobench_platform.web import portal_commands as commands
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_portal import ChecklistStep, CommandBlock, Mark
from sonobench_platform.web.portal_commands import Place
from sonobench_platform.web.portal_quota import phase_choices
from sonobench_platform.web.portal_records import HandedIn, Stand
from sonobench_platform.web.portal_words import mark_words
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

_TAKEN = frozenset({State.QUEUED, State.RUNNING, State.SCORING, State.SCORED, State.WITHDRAWN, State.FAILED})
"""States of submissions whose image passed the checks."""


class Way(NamedTuple):
    """What the steps are made of: how the team stands, where it hands in, and a token that was made just now (empty: none)."""

    stand: Stand
    place: Place
    token: str


def steps(way: Way) -> tuple[ChecklistStep, ...]:
    """All steps in their order. One is to do at a time; what depends on it comes later."""
    return (_account(), _team(way), _entry(way), _token(way), _tried(way), _handed_in(way), _scored(way))


def progress(made: Sequence[ChecklistStep]) -> str:
    done = sum(1 for step in made if step.mark == "done")
    return _("{done} of {all} steps are done.").format(done=done, all=len(made))


def _step(anchor: str, title: str, mark: Mark, *sentences: str) -> ChecklistStep:
    return ChecklistStep(anchor, title, mark, mark_words(mark), sentences, (), ())


def _account() -> ChecklistStep:
    return _step("account", _("Have an account, its address confirmed"), "done")


def _team(way: Way) -> ChecklistStep:
    team, title = way.stand.team, _("Be in a team")
    if team is None:
        said = _("Form one, and invite others into it. If somebody else has formed it, its captain invites you by mail.")
        return replace(_step("team", title, "now", said), form="team")
    part = _("You are the captain of {team}.") if team.is_captain else _("You are in {team}.")
    links = (Crumb(_("Its people, invitations and tokens"), f"/teams/{team.id}"),)
    return replace(_step("team", title, "done", part.format(team=shown_name(team.name))), links=links)


def _entry(way: Way) -> ChecklistStep:
    stand, title = way.stand, _("Enter the challenge")
    if stand.team is None:
        return _step("entry", title, "later")
    if stand.why_not:
        return _step("entry", title, "stopped", stand.why_not)
    if stand.is_ready:
        return _step("entry", title, "done", _entered(stand))
    if stand.standing is Standing.PENDING:
        return _step("entry", title, "waiting", *_pending(stand))
    if stand.standing is Standing.REFUSED:
        return _step("entry", title, "stopped", *_refused(stand))
    if not stand.team.is_captain:
        return _step("entry", title, "now", _("Your captain enters the team, and signs for it what there is to sign."))
    return replace(_step("entry", title, "now", *_how_to_enter(stand)), form="entry")


def _entered(stand: Stand) -> str:
    if stand.entry is None:
        return _("Nothing is asked of teams: the first submission enters yours.")
    return _("Your team is in, and may hand in.")


def _how_to_enter(stand: Stand) -> tuple[str, ...]:
    said = {
        Standing.UNSIGNED: _("The terms were changed after your team signed them. Read and sign them as they are now."),
        Standing.WITHDRAWN: _("Your team withdrew. It can enter again."),
    }.get(stand.standing, _("The team's captain enters it. A person has one team in a challenge."))
    asks = (_("The organizers then approve the team; a mail tells its captain."),) if stand.asks else ()
    return (said, *asks)


def _pending(stand: Stand) -> tuple[str, ...]:
    said = _("The organizers were told and will look at your team. A mail tells its captain what they decide.")
    return (said, *_reason(stand))


def _refused(stand: Stand) -> tuple[str, ...]:
    return (_("The organizers did not admit your team. Ask them what to do."), *_reason(stand))


def _reason(stand: Stand) -> tuple[str, ...]:
    reason = stand.entry.reason if stand.entry is not None else None
    return (_("They said: {reason}").format(reason=shown_name(reason)),) if reason else ()


def _token(way: Way) -> ChecklistStep:
    stand, title = way.stand, _("Sign the command line in")
    if stand.team is None:
        return _step("token", title, "later")
    mark: Mark = "done" if stand.tokens and not way.token else "now" if stand.is_ready else "later"
    said = (
        _("The token is in the commands below, this once: copy them now. It is kept nowhere here.")
        if way.token
        else _("Put a token into the variable SONOBENCH_TOKEN, or make a fresh one here: it then stands in the commands.")
    )
    made = replace(_step("token", title, mark, said), form="token")
    return _having(made, _block("login", _("Keep the token for the command line"), commands.log_in(way.place, way.token)))


def _tried(way: Way) -> ChecklistStep:
    stand, title = way.stand, _("Build the image, and try it on your own machine")
    taken = any(each.state in _TAKEN for each in stand.handed_in)
    mark: Mark = "done" if taken else "now" if stand.is_ready and stand.tokens else "later"
    said = _(
        "The test runs the image exactly as it will be run here: without network, under the same limits, with the same checks."
    )
    rules = Crumb(_("What a run may use, and what is asked"), f"/challenges/{stand.challenge.name}#run")
    return _having(
        replace(_step("test", title, mark, said), links=(rules,)),
        _block("build", _("Begin with a template that answers every case, and build it"), commands.begin()),
        _block("try", _("Run it on a folder of sample images"), commands.try_out(way.place)),
    )


def _handed_in(way: Way) -> ChecklistStep:
    stand, title = way.stand, _("Hand the image in")
    there = any(each.state not in {State.UPLOADING, State.CANCELLED} for each in stand.handed_in)
    mark: Mark = "done" if there else "now" if stand.is_ready and phase_choices(stand.phases) else "later"
    made = _step("hand-in", title, mark, *_when_to_hand_in(stand))
    blocks = [_block("submit", _("With the command line, which goes on where a line broke"), commands.submit(way.place))]
    if way.place.registry and way.place.team_id:
        pushed = commands.push(way.place, way.token)
        blocks.append(_block("push", _("By the registry: layers that are there already are not sent again"), pushed))
    return replace(_having(made, *blocks), form="upload")


def _when_to_hand_in(stand: Stand) -> tuple[str, ...]:
    if not phase_choices(stand.phases) and stand.team is not None:
        return (_("No phase takes images now."),)
    return ()


def _scored(way: Way) -> ChecklistStep:
    title, under_way = _("Have a score"), [each for each in way.stand.handed_in if each.state.is_open]
    if any(each.has_score for each in way.stand.handed_in):
        board = Crumb(_("Leaderboard"), f"/challenges/{way.stand.challenge.name}/leaderboard")
        return replace(_step("scored", title, "done"), links=(board,))
    if under_way:
        return _waits(title, under_way[0])
    return _step("scored", title, "later", _("The page of the submission tells how far it is, and what to mend where it fails."))


def _waits(title: str, submission: HandedIn) -> ChecklistStep:
    link = Crumb(_("Watch your submission"), f"/submissions/{submission.id}")
    made = ChecklistStep("scored", title, "waiting", _("Under way"), (), (), (link,))
    return made if submission.state is not State.UPLOADING else _step("scored", title, "later")


def _block(anchor: str, label: str, text: str) -> CommandBlock:
    return CommandBlock(label, text, f"commands-{anchor}")


def _having(step: ChecklistStep, *blocks: CommandBlock) -> ChecklistStep:
    return replace(step, commands=blocks)
