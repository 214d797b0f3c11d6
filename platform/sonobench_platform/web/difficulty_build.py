"""From counts of solved cases to the page of difficulty tiers, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sonobench_platform.web.contexts_difficulty import (
    DifficultyFound,
    DifficultyLine,
    DifficultyTask,
    Look,
    TierCount,
    TierKey,
    TierPart,
)
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import joined, percent, shown_name

if TYPE_CHECKING:
    from sonobench_eval.report.tables import Cell
    from sonobench_platform.leaderboards.difficulty import Difficulty, Group, TaskDifficulty, Tiers

BAR_WIDTH = 220.0
LOOKS: tuple[Look, ...] = ("all", "most", "few", "none")


def difficulty_found(found: Difficulty, *, fewest_cases: int, csv_href: str) -> DifficultyFound:
    """The tiers ready to be shown.

    Args:
        found: as they may be shown to whoever reads.
        fewest_cases: that groups must have had; told where some are held back.
        csv_href: of the same as a file.
    """
    return DifficultyFound(
        takeaway=takeaway(found),
        caption=_("Cases by how many of {teams} algorithms solve them; the share is of the group's cases.").format(
            teams=found.teams
        ),
        key=_key(found.teams),
        tasks=tuple(_task(task, found.threshold, fewest_cases) for task in found.tasks),
        notes=tuple(_notes(found)),
        csv_href=csv_href,
    )


def takeaway(found: Difficulty) -> str:
    """`All 15 algorithms solve 41 % of 2,479 cases, none solves 3 %; hardest is Kidney, where none solves 12 %.`"""
    whole = found.whole
    if not whole.cases:
        return _("Every group of cases here is too small to be told of")
    told = _("All {teams} algorithms solve {easy} of {cases} cases, none solves {hard}").format(
        teams=found.teams, easy=_share(whole.all, whole), hard=_share(whole.none, whole), cases=f"{whole.cases:,}"
    )
    hardest = max(_known(found), key=lambda each: (each[1].none / each[1].cases, each[1].cases))
    if len(found.tasks) < 2 or not hardest[1].none:
        return told
    more = _("{told}; hardest is {task}, where none solves {share}")
    return more.format(told=told, task=shown_name(hardest[0].title), share=_share(hardest[1].none, hardest[1]))


def csv_lines(found: Difficulty) -> list[dict[str, Cell]]:
    """A line for each task and group that may be told of; without the names of cases."""
    return [
        {
            "task": task.task,
            "centers": group.role,
            "solved_by": f"dsc >= {found.threshold:g}" if task.by_overlap else "right answer",
            "algorithms": found.teams,
            "cases": group.cases,
            "all": group.tiers.all,
            "most": group.tiers.most,
            "few": group.tiers.few,
            "none": group.tiers.none,
        }
        for task in found.tasks
        for group in task.groups
        if group.tiers is not None
    ]


def _known(found: Difficulty) -> Iterator[tuple[TaskDifficulty, Tiers]]:
    for task in found.tasks:
        for group in task.groups:
            if group.role == "all" and group.tiers is not None:
                yield task, group.tiers


def _key(teams: int) -> tuple[TierKey, ...]:
    words = {
        "all": _("solved by all {teams}"),
        "most": _("by more than half"),
        "few": _("by half or fewer"),
        "none": _("by none"),
    }
    return tuple(TierKey(look, words[look].format(teams=teams)) for look in LOOKS)


def _task(task: TaskDifficulty, threshold: float, fewest_cases: int) -> DifficultyTask:
    solved = _("DSC of at least {threshold:g}").format(threshold=threshold) if task.by_overlap else _("right answer")
    return DifficultyTask(shown_name(task.title), solved, tuple(_line(group, fewest_cases) for group in task.groups))


def _line(group: Group, fewest_cases: int) -> DifficultyLine:
    titles = {"all": _("All centers"), "internal": _("Internal centers"), "external": _("External centers")}
    cases = f"{group.cases:,}"
    if group.tiers is None:
        why = _("Held back: a group of this task has fewer than {fewest} cases").format(fewest=fewest_cases)
        return DifficultyLine(titles[group.role], cases if group.role == "all" else "", (), (), "", why)
    counts = tuple(TierCount(f"{cases:,}", _share(cases, group.tiers)) for cases in group.tiers)
    words = ngettext("{cases} case: {shares}", "{cases} cases: {shares}", group.cases)
    shares = joined([f"{count.share} {key.words}" for count, key in zip(counts, _key_words(), strict=True)])
    return DifficultyLine(titles[group.role], cases, counts, _bar(group.tiers), words.format(cases=cases, shares=shares), "")


def _key_words() -> tuple[TierKey, ...]:
    words = {"all": _("by all"), "most": _("by most"), "few": _("by few"), "none": _("by none")}
    return tuple(TierKey(look, words[look]) for look in LOOKS)


def _bar(tiers: Tiers) -> tuple[TierPart, ...]:
    parts, x = [], 0.0
    for look, cases in zip(LOOKS, tiers, strict=True):
        width = BAR_WIDTH * cases / tiers.cases
        if cases:
            parts.append(TierPart(look, round(x, 2), round(width, 2)))
        x += width
    return tuple(parts)


def _share(cases: int, tiers: Tiers) -> str:
    """In whole percent; less than half of one is not written as none."""
    share = cases / tiers.cases
    if 0 < share < 0.005:
        return _("under {share}").format(share=percent(0.01))
    if 0.995 <= share < 1:
        return _("over {share}").format(share=percent(0.99))
    return percent(round(share, 2))


def _notes(found: Difficulty) -> list[str]:
    notes = [
        _("Tiers describe the cases by the algorithms of this board. They say nothing of how hard a case is for a person."),
        _("A case that an algorithm gave no usable result for is not solved by it."),
    ]
    if found.left_out:
        names = joined([shown_name(title) for title in found.left_out])
        notes.append(_("Without tiers, because single cases are neither right nor wrong there: {tasks}.").format(tasks=names))
    return notes
