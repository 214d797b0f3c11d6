"""The interface of the UUSIC25 kit: `/input/`, `/input_json`, `/output`, masks as PNG, `classification.json`.

Images built for that challenge run here unchanged, so nothing of this is ours to improve: the mask's path is the
image's with *every* `img` replaced by `mask`, as the kit's `str.replace` does it. `presets.UUSIC25` says the same as
data; tests hold the two to one another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import tee
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.contract.class_entries import ClassFile, max_class_file_bytes, read_class_file
from sonobench_eval.contract.mask_files import MaskFiles, Read, is_volume
from sonobench_eval.contract.paths import folders_above
from sonobench_eval.contract.port import (
    BoxesAnswer,
    CaseListFile,
    ClassAnswer,
    Feed,
    ImageSize,
    LabelsAnswer,
    MaskAnswer,
    Misfit,
    PointsAnswer,
    ValueAnswer,
)
from sonobench_eval.contract.result_tree import FileRead, ResultTree
from sonobench_eval.io.confined import shared_decoder
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import Decoder, MaskRead
from sonobench_eval.io.results import ResultSource

CLASS_FILE = "classification.json"


class Uusic25:
    """The contract named `uusic25`."""

    inputs_at = "/input"
    case_list_at = "/input_json"
    output_at = "/output"

    def misfits(self, challenge: Challenge) -> list[Misfit]:
        """Mask paths that collide: the kit's rule can send two images to one file, or a mask onto classification.json."""
        found: list[Misfit] = list(_unread_tasks(challenge))
        owner: dict[str, str] = {CLASS_FILE: ""}
        for number, case in _segmentation_cases(challenge):
            path = self.mask_path(case)
            if is_volume(case):
                found.append(Misfit(("cases", number, "id"), "the kit's masks are flat; for volumes use another contract"))
            if path in owner:
                other = f"that of {owner[path]}" if owner[path] else "the file of the classification answers"
                found.append(
                    Misfit(("cases", number, "id"), f"its mask would be written to {path}, which is {other}; rename the image")
                )
            owner.setdefault(path, case.id)
        return found + _paths_through_files(challenge, owner, self)

    def feed(self, challenge: Challenge) -> Feed:
        """Images at their cases' ids, and the list (see `Contract.feed`)."""
        return Feed(
            inputs_at=self.inputs_at,
            output_at=self.output_at,
            images={case.id: case.id for case in challenge.cases},
            case_list=CaseListFile(self.case_list_at, self.case_list(challenge)),
        )

    def case_list(self, challenge: Challenge) -> bytes:
        """The JSON list a container finds at `/input_json`, in the challenge's order."""
        tasks = {task.id: task for task in challenge.tasks}
        cases = [_case_entry(case, tasks[case.task]) for case in challenge.cases]
        return json.dumps(cases, indent=1).encode()

    def mask_path(self, case: Case) -> str:
        """`seg/Heart/img/1.png` -> `seg/Heart/mask/1.png`, with every `img` in the path replaced."""
        return case.id.replace("img", "mask")

    def read_answers(
        self, challenge: Challenge, source: ResultSource, image_size: ImageSize, *, decoder: Decoder | None = None
    ) -> Uusic25Answers:
        """Open results (see `Contract.read_answers`)."""
        return Uusic25Answers(self, challenge, source, image_size=image_size, decoder=decoder or shared_decoder())


class Uusic25Answers:
    """Answers of one algorithm. The folder is listed and `classification.json` read once, masks when asked for."""

    def __init__(
        self, contract: Uusic25, challenge: Challenge, source: ResultSource, *, image_size: ImageSize, decoder: Decoder
    ) -> None:
        self._tasks = {task.id: task for task in challenge.tasks}
        self._tree = ResultTree(source)
        self._masks = MaskFiles(self._tree, decoder, path_of=contract.mask_path, image_size=image_size)
        # Programs made for this layout write the file of classes whether or not there are any to tell.
        expected = {CLASS_FILE, *(contract.mask_path(case) for _, case in _segmentation_cases(challenge))}
        self._findings: dict[Finding, None] = dict.fromkeys(self._tree.unexpected(expected))
        self._classes = self._read_classes(challenge)
        self._findings |= dict.fromkeys(self._classes.findings)

    @property
    def findings(self) -> list[Finding]:
        """All that was found so far (a case asked for twice is found once)."""
        return list(self._findings)

    def mask(self, case: Case) -> MaskAnswer:
        """The mask of a segmentation case (see `Answers.mask`)."""
        return self._judged(case, self._masks.read(case))

    def masks(self, cases: Iterable[Case]) -> Iterator[MaskAnswer]:
        """The masks of segmentation cases (see `Answers.masks`)."""
        ahead, in_turn = tee(cases)
        for read, case in zip(self._masks.read_ahead(ahead), in_turn, strict=True):
            yield self._judged(case, read)

    def classification(self, case: Case) -> ClassAnswer:
        """The class of a classification case (see `Answers.classification`)."""
        return self._classes.answers[case.id]

    def labels(self, case: Case) -> LabelsAnswer:
        """There are none in this contract."""
        _not_in_the_kit(case)

    def value(self, case: Case) -> ValueAnswer:
        """There are none in this contract."""
        _not_in_the_kit(case)

    def boxes(self, case: Case) -> BoxesAnswer:
        """There are none in this contract."""
        _not_in_the_kit(case)

    def points(self, case: Case) -> PointsAnswer:
        """There are none in this contract."""
        _not_in_the_kit(case)

    def _note(self, code: FindingCode, case: Case, detail: str = "") -> None:
        self._findings[Finding(code, case.id, detail)] = None

    def _judged(self, case: Case, read: Read) -> MaskAnswer:
        if read.array is None:
            self._note(read.problem or FindingCode.UNREADABLE_IMAGE, case, read.detail)
            return MaskAnswer(None, read.problem or FindingCode.UNREADABLE_IMAGE)
        if isinstance(read, MaskRead) and read.coloured:
            self._note(FindingCode.COLOUR_IMAGE, case)
        if names_no_structure(read.array, self._tasks[case.task]):
            self._note(FindingCode.UNEXPECTED_VALUES, case)
        return MaskAnswer(read.array)

    def _read_classes(self, challenge: Challenge) -> ClassFile:
        cases = [(case, self._tasks[case.task]) for case in challenge.cases if self._tasks[case.task].is_classification]
        read = FileRead(None)
        if cases:
            read = self._tree.read(CLASS_FILE, max_class_file_bytes(cases), unreadable=FindingCode.INVALID_JSON)
        return read_class_file(read.data, cases, file=CLASS_FILE, problem=read.problem, policy=challenge.undefined)


def names_no_structure(mask: npt.NDArray[np.unsignedinteger], task: Task) -> bool:
    """True where a mask has a value that is neither background nor one that the task names.

    Where any non-zero value is foreground, the contract's own 0 and 255 are the values expected. Instances have any number.
    """
    if task.labels is None:
        return False
    named = [255 if value == "nonzero" else value for value in task.labels.values()]
    if named == [255] and mask.dtype == np.uint8:
        # The common case at a fraction of the cost: of a byte plus one, only 255 and 0 are below 2.
        return bool((mask + np.uint8(1)).max() > 1)
    return sum(int(np.count_nonzero(mask == value)) for value in (0, *named)) != mask.size


def _not_in_the_kit(case: Case) -> NoReturn:
    raise LookupError(f"case {case.id}: the uusic25 contract has masks and classes only, so its challenge is no fit")


def _unread_tasks(challenge: Challenge) -> Iterator[Misfit]:
    for number, task in enumerate(challenge.tasks):
        if not (task.is_segmentation or task.is_classification):
            yield Misfit(
                ("tasks", number, "kind"),
                f"the uusic25 contract has no answers for {task.kind} tasks; say under contract where they are written",
            )


def _segmentation_cases(challenge: Challenge) -> list[tuple[int, Case]]:
    segmentation = {task.id for task in challenge.tasks if task.is_segmentation}
    return [(number, case) for number, case in enumerate(challenge.cases) if case.task in segmentation]


def _paths_through_files(challenge: Challenge, owner: dict[str, str], contract: Uusic25) -> list[Misfit]:
    """Cases whose mask would need a folder where another result is a file."""
    return [
        Misfit(("cases", number, "id"), f"its mask would be written below {folder}, which is a result file; rename the image")
        for number, case in _segmentation_cases(challenge)
        for folder in folders_above(contract.mask_path(case))
        if folder in owner
    ]


def _case_entry(case: Case, task: Task) -> dict[str, str]:
    kind = "segmentation" if task.is_segmentation else "classification"
    return {"img_path_relative": case.id, "task": kind, "dataset_name": task.dataset_name, "organ": task.organ}
