"""What a board must say beside the ranking, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.ranking import relative
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.gathered import Counted, Gathered
from sonobench_eval.ranking.leaderboard import DroppedDimension
from sonobench_eval.ranking.schemes import ranked_metrics

NO_METRIC = "There is no ranking: no task has a metric that the ranking counts."


def dropped(counted: Counted) -> DroppedDimension:
    """A metric that has a value for nobody, with why."""
    return DroppedDimension(dimension=counted.name, reason=f"it has no value ({counted.scores[0].undefined})")


def notes_of_figures(challenge: Challenge, found: Gathered) -> Iterator[str]:
    """What of the figures does not count or is missing, and under which names the algorithms knew the cases."""
    for each in found.dropped:
        yield f"{each.name} does not count: {dropped(each).reason}."
    yield from _gaps(found)
    yield from _uncounted(challenge)
    yield from _units(challenge, found.entries)
    yield from _names(challenge, found.entries)


def without_pseudonyms(entries: Sequence[Entry]) -> list[str]:
    """Whose answers were given under the cases' own names."""
    return [entry.team for entry in entries if not entry.evaluation.made_from.pseudonyms]


def _gaps(found: Gathered) -> Iterator[str]:
    for each in found.counted:
        if without := [entry.team for entry, score in zip(found.entries, each.scores, strict=True) if score.value is None]:
            yield f"{each.name} has no value for {', '.join(without)}, which ranks last in it."


def _units(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[str]:
    if challenge.measuring.relative_to_reference and entries:
        yield from relative.notes([entry.team for entry in entries], [entry.reference_s for entry in entries])


def _uncounted(challenge: Challenge) -> Iterator[str]:
    counting = {each.task.id for each in ranked_metrics(challenge)}
    for task in challenge.tasks:
        if task.id not in counting:
            yield f"Task {task.id} does not count: it declares none of the metrics that are ranked."


def _names(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[str]:
    if not challenge.pseudonyms:
        yield (
            "Algorithms were given the cases' own names, order and headers, because this challenge has switched pseudonyms "
            "off: answers kept from earlier runs could have been used."
        )
    elif without := without_pseudonyms(entries):
        yield f"The answers of {', '.join(without)} were given under the cases' own names, without pseudonyms."
