"""Presets and closer looks as rich tables. Nothing here prints or decides anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sonobench_eval.cli.render import plain
from sonobench_eval.presets.analysis import Analysis
from sonobench_eval.presets.catalogue import Preset
from sonobench_eval.presets.looks import COVERAGES, Band, Difficulty, GradeMatrix, LongTail, Rejection
from sonobench_eval.presets.readings import Agreement, Estimate

_NONE = "–"
_TIERS = {"all": "by all", "most": "by most", "few": "by some", "none": "by none"}


def preset_table(presets: Sequence[Preset]) -> RenderableType:
    """Every preset with what it asks."""
    table = _table("Name", "What it asks", "Cases of each task", numbers=False)
    for preset in presets:
        table.add_row(preset.name, preset.asks, f"{preset.cases:,}, at least {preset.fewest:,}")
    return table


def analysis_tables(found: Analysis) -> list[RenderableType]:
    """One table for each look that there is something to see at."""
    tables: list[RenderableType] = [] if found.agreement is None else [_of_readers(found.agreement)]
    tables += [_of_long_tail(each, found.algorithms) for each in found.long_tails]
    tables += [_of_grades(each) for each in found.grades]
    for task in dict.fromkeys(each.task for each in found.rejections):
        tables.append(_of_rejections(task, [each for each in found.rejections if each.task == task]))
    return tables + [_of_difficulty(each, found.algorithms) for each in found.difficulty]


def _of_readers(found: Agreement) -> RenderableType:
    table = _table("", "Value", "Interval")
    rows = (("Same grade", found.same), ("Cohen's kappa", found.kappa), ("Quadratic-weighted kappa", found.weighted_kappa))
    for heading, estimate in rows:
        table.add_row(heading, _number(estimate.value), _interval(estimate))
    counts = f"{found.cases:,} cases, {found.rated:,} read by both: {found.agreed:,} agreed, {found.arbitrated:,} arbitrated, "
    told = f"{counts}{found.open:,} open. The reference is another grade in {found.unlike_reference:,}."
    return _titled(f"{found.task}: two readers and an arbitrator", table, told)


def _of_long_tail(found: LongTail, algorithms: Sequence[str]) -> RenderableType:
    table = _table("Cases", "Classes", *algorithms)
    for band in found.bands:
        table.add_row(_range(band), f"{band.classes:,}", *(_both(band, name) for name in algorithms))
    return _titled(f"{found.task}: sensitivity by how many cases a class has (AUC in brackets)", table)


def _of_grades(found: GradeMatrix) -> RenderableType:
    table = _table("", *found.grades, "no answer")
    for grade, row, unusable in zip(found.grades, found.cases, found.unusable, strict=True):
        table.add_row(plain(grade), *(f"{each:,}" for each in row), f"{unusable:,}")
    return _titled(f"{found.task}: {found.algorithm}, reference by row, answer by column", table)


def _of_rejections(task: str, found: Sequence[Rejection]) -> RenderableType:
    shares = (f"{share:.0%}".replace("%", " %") for share in COVERAGES)
    table = _table("", *shares, "Abstained")
    for each in found:
        accuracies = (_number(value) for value in each.at_coverage)
        table.add_row(plain(each.algorithm), *accuracies, f"{each.abstained:.1%}".replace("%", " %"))
    return _titled(f"{task}: accuracy where so many of the surest are answered", table)


def _of_difficulty(found: Difficulty, algorithms: Sequence[str]) -> RenderableType:
    table = _table("Solved", "Cases", *algorithms)
    for tier in found.tiers:
        table.add_row(_TIERS[tier.name], f"{tier.cases:,}", *_numbers(tier.solved, algorithms))
    title = f"{found.task}: cases by how many algorithms solve them; share solved of the tiers that the others make"
    return _titled(title, table)


def _titled(title: str, table: Table, *below: str) -> RenderableType:
    """A heading of its own line: a table's title would be folded to the table's width."""
    return Group(Text.assemble((plain(title).plain, "bold")), table, *(plain(each) for each in below))


def _table(*headings: str, numbers: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(plain(heading), justify="right" if number and numbers else "left")
    return table


def _range(band: Band) -> str:
    if band.most is None:
        return f"{band.fewest} and more"
    return str(band.fewest) if band.most == band.fewest else f"{band.fewest} to {band.most}"


def _both(band: Band, algorithm: str) -> Text:
    auc = _number(band.auc.get(algorithm))
    return Text(f"{_number(band.sensitivity.get(algorithm))} ({auc})")


def _numbers(values: Mapping[str, float | None], algorithms: Sequence[str]) -> Iterator[str]:
    yield from (_number(values.get(name)) for name in algorithms)


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"


def _interval(estimate: Estimate) -> str:
    return _NONE if estimate.low is None or estimate.high is None else f"{estimate.low:.3f} to {estimate.high:.3f}"
