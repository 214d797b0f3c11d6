"""What a reader may do with a submission, as forms: only what would not be refused at once. The services refuse the rest."""

from __future__ import annotations

from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.domain.states import COUNTING, State
from sonobench_platform.runs.decide import Decision
from sonobench_platform.runs.rerun import RUN_AGAIN_FROM
from sonobench_platform.submissions.public_face import PublicWords
from sonobench_platform.web.account_forms import Form
from sonobench_platform.web.contexts_submission import ActionForm, Choice, WordsForm
from sonobench_platform.web.submission_build import here_of
from sonobench_platform.web.submission_source import SubmissionFacts
from sonobench_platform.web.texts import _

_FREE_TO_CANCEL = frozenset({State.UPLOADING, State.CHECKING, State.QUEUED})


def actions_of(facts: SubmissionFacts, *, opened: str = "") -> tuple[ActionForm, ...]:
    """The forms for this reader in this state; the one of the id `opened` stands open."""
    found = (*_of_both(facts), *(_of_team(facts) if facts.may_change else ()), *(_of_organizer(facts) if facts.organises else ()))
    return tuple(_open(form, opened) for form in found)


def _open(form: ActionForm, opened: str) -> ActionForm:
    if form.id != opened:
        return form
    values = {name: getattr(form, name) for name in ActionForm.__dataclass_fields__}
    return ActionForm(**{**values, "is_open": True})


def _of_both(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    if not facts.shown.state.is_open or not (facts.may_change or facts.organises):
        return ()
    has_score = facts.shown.result is not None or facts.shown.result_hidden is not None
    if has_score and not facts.organises:
        return ()
    cost = _("It costs no attempt as long as it has not begun to run.")
    if has_score:
        cost = _("That ends the further run alone; the score that it has stays.")
    elif facts.shown.state not in _FREE_TO_CANCEL:
        cost = _("It has begun to run, so it counts as an attempt all the same.")
    sentence = f"{_('It ends at once and cannot be taken up again.')} {cost}"
    return (ActionForm("cancel", _("Cancel it"), sentence, _to(facts, "cancel"), _("Cancel the submission")),)


def _of_team(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    found = []
    if facts.rules.counts == "chosen" and facts.shown.state == State.SCORED and facts.takes_images and not facts.shown.chosen:
        sentence = _("Your team then stands on the board with this one. The last choice before the phase closes counts.")
        found.append(ActionForm("choose", _("Let it count"), sentence, _to(facts, "choose"), _("Choose this submission")))
    if facts.shown.state == State.SCORED and facts.takes_images and not facts.organises:
        found.append(_withdraw(facts))
    return tuple(found)


def _withdraw(facts: SubmissionFacts) -> ActionForm:
    sentence = _("The board is made without it, for good. The attempt is not given back.")
    button = _("Withdraw the submission")
    return ActionForm(
        "withdraw",
        _("Withdraw it"),
        sentence,
        _to(facts, "withdraw"),
        button,
        asks_reason=facts.organises,
        confirm=facts.shown.id,
    )


def _of_organizer(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    return (*_decide(facts), *_again(facts), *_ranking(facts), *_give_back(facts))


def _decide(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    failure = facts.shown.failure
    if facts.shown.state != State.FAILED or failure is None or failure.blame != Blame.UNDETERMINED:
        return ()
    choices = (
        Choice(Decision.RERUN, _("Nobody knows: run it again"), is_chosen=True),
        Choice(Decision.TEAM, _("The image is at fault; what it left is scored where the challenge scores such runs")),
        Choice(Decision.PLATFORM, _("The platform is at fault; the attempt is given back")),
    )
    sentence = _("No program could tell whose fault it was that this run broke off.")
    return (
        ActionForm(
            "decide",
            _("Decide whose fault it was"),
            sentence,
            _to(facts, "decide"),
            _("Decide"),
            asks_reason=True,
            choices=choices,
        ),
    )


def _again(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    found = []
    if facts.shown.state in RUN_AGAIN_FROM:
        sentence = _("It waits in the queue anew, at no cost to the team. A score that it has stays until there is a new one.")
        heading, button = _("Run it again"), _("Run it again")
        found.append(ActionForm("rerun", heading, sentence, _to(facts, "rerun"), button, asks_reason=True))
    if facts.shown.state == State.SCORED:
        sentence = _("Its stored results are scored anew. Nothing that counts changes until you publish that.")
        heading, button = _("Score it again"), _("Score it again")
        found.append(ActionForm("rescore", heading, sentence, _to(facts, "rescore"), button, asks_reason=True))
    return tuple(found)


def _ranking(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    if facts.shown.disqualified is not None:
        sentence = _("It is ranked again by its score, and its team is told.")
        heading, button = _("Rank it again"), _("Rank it again")
        return (ActionForm("reinstate", heading, sentence, _to(facts, "reinstate"), button, asks_reason=True),)
    found = []
    if facts.shown.state in COUNTING:
        sentence = _("It has no rank, whatever its score. Its team reads the reason; everybody sees that it is disqualified.")
        heading, button = _("Disqualify it"), _("Disqualify the submission")
        url = _to(facts, "disqualify")
        found.append(ActionForm("disqualify", heading, sentence, url, button, asks_reason=True, confirm=facts.shown.id))
    if facts.shown.state == State.SCORED:
        found.append(_withdraw(facts))
    return tuple(found)


def _give_back(facts: SubmissionFacts) -> tuple[ActionForm, ...]:
    if facts.shown.state.is_open or not facts.shown.costs_attempt:
        return ()
    sentence = _("The team may hand in once more. What became of this submission stays as it is.")
    heading, button = _("Give the attempt back"), _("Give the attempt back")
    return (ActionForm("give-back", heading, sentence, _to(facts, "give-back"), button, asks_reason=True),)


def _to(facts: SubmissionFacts, what: str) -> str:
    return f"{here_of(facts.shown.id)}/{what}"


def words_form(facts: SubmissionFacts, typed: Form | None = None) -> WordsForm | None:
    """The form for the public page, with what was typed where that was refused. For the team, once there is a score."""
    if not facts.may_change or facts.shown.state not in COUNTING:
        return None
    words: PublicWords = facts.words
    here = here_of(facts.shown.id)
    is_there = facts.place is not None and facts.place.is_this and not facts.place.alias
    if typed is not None:
        said = (typed.text("summary"), typed.text("paper_url"), typed.text("code_url"))
        shows = typed.text("show") == "yes"
    else:
        said, shows = (words.summary or "", words.paper_url or "", words.code_url or ""), words.show
    return WordsForm(f"{here}/public", shows, *said, typed is not None, f"{here}?face=public" if is_there else "")
