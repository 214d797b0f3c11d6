"""Answers that a container gave under the names of its run, read back as the challenge's cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sonobench_eval.challenge.model import Case, Challenge
from sonobench_eval.contract.port import (
    Answers,
    BoxesAnswer,
    ClassAnswer,
    Contract,
    ImageSize,
    LabelsAnswer,
    MaskAnswer,
    PointsAnswer,
    ValueAnswer,
)
from sonobench_eval.contract.pseudonyms import CaseNames
from sonobench_eval.io.findings import Finding
from sonobench_eval.io.images import Decoder
from sonobench_eval.io.results import ResultSource


def read_answers_under(
    names: CaseNames,
    contract: Contract,
    challenge: Challenge,
    source: ResultSource,
    *,
    image_size: ImageSize,
    decoder: Decoder | None = None,
) -> Answers:
    """Open what a container left behind (see `Contract.read_answers`), where it knew the cases by `names`.

    Cases are asked for, and findings told, by their ids in the challenge. Answers under a case's own id count as
    answers to no case: that name was never given.
    """
    if not names.are_pseudonyms:
        return contract.read_answers(challenge, source, image_size, decoder=decoder)
    own = {names.given[case.id]: case for case in challenge.cases}
    given = contract.read_answers(names.as_declared(challenge), source, lambda case: image_size(own[case.id]), decoder=decoder)
    return _AnswersUnderNames(given, names)


class _AnswersUnderNames:
    def __init__(self, given: Answers, names: CaseNames) -> None:
        self._given, self._names = given, names

    @property
    def findings(self) -> list[Finding]:
        return [replace(each, where=self._names.in_own_words(each.where)) for each in self._given.findings]

    def mask(self, case: Case) -> MaskAnswer:
        return self._given.mask(self._names.renamed(case))

    def masks(self, cases: Iterable[Case]) -> Iterator[MaskAnswer]:
        return self._given.masks(self._names.renamed(case) for case in cases)

    def classification(self, case: Case) -> ClassAnswer:
        return self._given.classification(self._names.renamed(case))

    def labels(self, case: Case) -> LabelsAnswer:
        return self._given.labels(self._names.renamed(case))

    def value(self, case: Case) -> ValueAnswer:
        return self._given.value(self._names.renamed(case))

    def boxes(self, case: Case) -> BoxesAnswer:
        return self._given.boxes(self._names.renamed(case))

    def points(self, case: Case) -> PointsAnswer:
        return self._given.points(self._names.renamed(case))
