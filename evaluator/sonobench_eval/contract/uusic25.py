"""The interface of the UUSIC25 kit: `/input/`, `/input_json`, `/output`, masks as PNG, `classification.json`.

Images built for that challenge run here unchanged, so nothing of this is ours to improve: the mask's path is the
image's with *every* `img` replaced by `mask`, as the kit's `str.replace` does it.
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.contract.class_entries import ClassFile, max_class_file_bytes, read_class_file
from sonobench_eval.contract.port import ClassAnswer, ImageSize, MaskAnswer, Misfit
from sonobench_eval.io.confined import shared_decoder
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.images import Decoder, MaskRead, max_png_bytes
from sonobench_eval.io.results import Entry, ResultSource, ResultTooLarge

CLASS_FILE = "classification.json"


class Uusic25:
    """The contract named `uusic25`."""

    inputs_at = "/input"
    case_list_at = "/input_json"
    output_at = "/output"

    def misfits(self, challenge: Challenge) -> list[Misfit]:
        """Mask paths that collide: the kit's rule can send two images to one file, or a mask onto classification.json."""
        found: list[Misfit] = []
        owner: dict[str, str] = {CLASS_FILE: ""}
        for number, case in _segmentation_cases(challenge):
            path = self.mask_path(case)
            if path in owner:
                other = f"that of {owner[path]}" if owner[path] else "the file of the classification answers"
                found.append(
                    Misfit(("cases", number, "id"), f"its mask would be written to {path}, which is {other}; rename the image")
                )
            owner.setdefault(path, case.id)
        return found + _paths_through_files(challenge, owner, self)

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
        self._contract, self._source, self._image_size, self._decoder = contract, source, image_size, decoder
        self._tasks = {task.id: task for task in challenge.tasks}
        self._entries = {entry.path: entry for entry in source.entries()}
        self._folders = {folder for path in self._entries for folder in _folders_above(path)}
        self._findings: dict[Finding, None] = dict.fromkeys(self._unexpected(challenge))
        self._classes = self._read_classes(challenge)
        self._findings |= dict.fromkeys(self._classes.findings)

    @property
    def findings(self) -> list[Finding]:
        """All that was found so far (a case asked for twice is found once)."""
        return list(self._findings)

    def mask(self, case: Case) -> MaskAnswer:
        """The mask of a segmentation case (see `Answers.mask`)."""
        expected = self._image_size(case)
        read = self._read_mask(self._contract.mask_path(case), expected)
        if read.array is None:
            self._note(read.problem or FindingCode.UNREADABLE_IMAGE, case, read.detail)
            return MaskAnswer(None, read.problem or FindingCode.UNREADABLE_IMAGE)
        if read.coloured:
            self._note(FindingCode.COLOUR_IMAGE, case)
        if names_no_structure(read.array, self._tasks[case.task]):
            self._note(FindingCode.UNEXPECTED_VALUES, case)
        return MaskAnswer(read.array)

    def classification(self, case: Case) -> ClassAnswer:
        """The class of a classification case (see `Answers.classification`)."""
        return self._classes.answers[case.id]

    def _note(self, code: FindingCode, case: Case, detail: str = "") -> None:
        self._findings[Finding(code, case.id, detail)] = None

    def _read_mask(self, path: str, expected: tuple[int, int]) -> MaskRead:
        problem = self._not_a_plain_file(path)
        if problem is not None:
            return MaskRead(None, problem)
        try:
            data = self._source.read(path, max_png_bytes(*expected))
        except ResultTooLarge:
            return MaskRead(None, FindingCode.FILE_TOO_LARGE)
        if data is None:
            return MaskRead(None, FindingCode.UNREADABLE_IMAGE, "the file cannot be read")
        return self._decoder.decode(data, expected=expected)

    def _not_a_plain_file(self, path: str) -> FindingCode | None:
        entry = self._entries.get(path)
        if entry is not None:
            return None if entry.kind == "file" else FindingCode.NOT_A_REGULAR_FILE
        above = (self._entries.get(folder) for folder in _folders_above(path))
        if path in self._folders or any(each is not None and each.kind != "file" for each in above):
            return FindingCode.NOT_A_REGULAR_FILE
        return FindingCode.MISSING_RESULT

    def _unexpected(self, challenge: Challenge) -> list[Finding]:
        # Programs made for this layout write the file of classes whether or not there are any to tell.
        expected = {CLASS_FILE, *(self._contract.mask_path(case) for _, case in _segmentation_cases(challenge))}
        on_the_way = {folder for path in expected for folder in _folders_above(path)}
        return [
            Finding(FindingCode.UNEXPECTED_FILE, entry.path, _what_it_is(entry))
            for entry in self._entries.values()
            if entry.path not in expected and (entry.kind == "file" or entry.path not in on_the_way)
        ]

    def _read_classes(self, challenge: Challenge) -> ClassFile:
        cases = [(case, self._tasks[case.task]) for case in challenge.cases if not self._tasks[case.task].is_segmentation]
        problem = self._not_a_plain_file(CLASS_FILE)
        data = None
        if cases and problem is None:
            try:
                data = self._source.read(CLASS_FILE, max_class_file_bytes(cases))
                problem = FindingCode.INVALID_JSON if data is None else None
            except ResultTooLarge:
                problem = FindingCode.FILE_TOO_LARGE
        return read_class_file(data, cases, file=CLASS_FILE, problem=problem, policy=challenge.undefined)


def names_no_structure(mask: npt.NDArray[np.uint8], task: Task) -> bool:
    """True where a mask has a value that is neither background nor one that the task names.

    Where any non-zero value is foreground, the contract's own 0 and 255 are the values expected.
    """
    named = [255 if value == "nonzero" else value for value in (task.labels or {}).values()]
    return sum(int(np.count_nonzero(mask == value)) for value in (0, *named)) != mask.size


def _segmentation_cases(challenge: Challenge) -> list[tuple[int, Case]]:
    segmentation = {task.id for task in challenge.tasks if task.is_segmentation}
    return [(number, case) for number, case in enumerate(challenge.cases) if case.task in segmentation]


def _paths_through_files(challenge: Challenge, owner: dict[str, str], contract: Uusic25) -> list[Misfit]:
    """Cases whose mask would need a folder where another result is a file."""
    return [
        Misfit(("cases", number, "id"), f"its mask would be written below {folder}, which is a result file; rename the image")
        for number, case in _segmentation_cases(challenge)
        for folder in _folders_above(contract.mask_path(case))
        if folder in owner
    ]


def _case_entry(case: Case, task: Task) -> dict[str, str]:
    kind = "segmentation" if task.is_segmentation else "classification"
    return {"img_path_relative": case.id, "task": kind, "dataset_name": task.dataset_name, "organ": task.organ}


def _folders_above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _what_it_is(entry: Entry) -> str:
    return {"file": "", "link": "a link"}.get(entry.kind, "not a plain file")
