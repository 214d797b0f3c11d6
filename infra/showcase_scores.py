"""An evaluator for the showcase: made-up answers of teams by their skill, scored with the evaluator's own statistics.

No image is read and no container runs. What a "team" hands in is a line of JSON (`Skill`); case scores are drawn from it with a
seed of their own, so that one showcase looks like the next. Metrics, intervals and gaps are computed as for real answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np

from infra.made_up_image import made_up_image
from sonobench_eval import __version__
from sonobench_eval.challenge.digest import dataset_hash
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case, Challenge, Task
from sonobench_eval.contract.port import ClassAnswer
from sonobench_eval.evaluation import Evaluation, FindingRecord, Provenance
from sonobench_eval.intake.records import ImageRefused, VerifiedImage
from sonobench_eval.kinds.classes import class_table
from sonobench_eval.kinds.masks import MaskScores, measured_masks
from sonobench_eval.kinds.port import Asked, Measured, Read, measured_table
from sonobench_eval.statistics.aggregation import score_task
from sonobench_eval.statistics.means import mean_over_tasks
from sonobench_eval.statistics.replicates import Replicates
from sonobench_platform.core import Scores
from sonobench_platform.wiring import SonobenchEvaluator

REFUSED = b"refuse"
_AS_ROOT = "It names no user and would run as root; here it runs as another user."
_FORGOTTEN = ("missing_result", "wrong_size")


@dataclass(frozen=True)
class Skill:
    """How good a team's algorithm is: its mean DSC, its AUC on two classes and on more, both in [0, 1]; `bad_masks` is how many
    masks of each segmentation task are missing or of the wrong size."""

    dsc: float = 0.82
    auc: float = 0.75
    auc_of_many: float = 0.54
    bad_masks: int = 0
    label: str = ""

    def results(self) -> bytes:
        """What stands in for the tar of results."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, results: Path) -> Skill:
        return cls(**json.loads(results.read_bytes()))


@dataclass
class ShowcaseEvaluator(SonobenchEvaluator):
    """Takes any bytes as an image, but those that start with `refuse`; scores by the skill that lies where results would."""

    data: dict[str, str] = field(default_factory=dict)
    """The hash of each definition's data, which takes a second to make."""
    mended: str = ""
    """What references were mended since: scores with other references are drawn anew."""

    def __post_init__(self) -> None:
        super().__init__()

    def verify_image(self, upload: Path, verified: Path, *, tag: str) -> VerifiedImage:
        content = upload.read_bytes()
        if content.startswith(REFUSED):
            raise ImageRefused(
                "not-an-image",
                "This is not an image: it is a file system that `docker export` wrote. Send the output of `docker save`.",
            )
        verified.write_bytes(content)
        return made_up_image(content, verified, tag=tag, warning=_AS_ROOT)

    def score(self, loaded: LoadedChallenge, results: Path, *, pseudonym_key: bytes | None) -> Scores:
        challenge, skill = loaded.challenge, Skill.read(results)
        seen = replace(skill, label=skill.label + self.mended)
        measured = [_measured(challenge, task, seen) for task in challenge.tasks]
        tasks = [score_task(each.task, challenge.centers, challenge.bootstrap, challenge.subgroups) for each in measured]
        cases = {case.id: case for each in measured for case in each.cases}
        evaluation = Evaluation(
            made_from=self._made_from(loaded, pseudonyms=pseudonym_key is not None),
            tasks=tuple(task.score for task in tasks),
            means=mean_over_tasks(tasks, challenge.bootstrap),
            cases=tuple(cases[case.id] for case in challenge.cases),
            findings=_findings(challenge, skill),
        )
        replicates = Replicates({(task.score.id, key): values for task in tasks for key, values in task.replicates.items()})
        return Scores(evaluation=evaluation, save_replicates=replicates.save)

    def _made_from(self, loaded: LoadedChallenge, *, pseudonyms: bool) -> Provenance:
        if loaded.hash not in self.data:
            self.data[loaded.hash] = dataset_hash(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)
        bootstrap = loaded.challenge.bootstrap
        return Provenance(
            challenge=loaded.challenge.name,
            challenge_hash=loaded.hash,
            dataset_hash=self.data[loaded.hash],
            evaluator_version=__version__,
            engine="fast",
            resamples=bootstrap.resamples,
            confidence=bootstrap.confidence,
            seed=bootstrap.seed,
            pseudonyms=pseudonyms,
        )


def _measured(challenge: Challenge, task: Task, skill: Skill) -> Measured:
    asked = Asked(task, challenge.cases_of(task.id), "fast")
    return _masks(challenge, asked, skill) if task.is_segmentation else _classes(challenge, asked, skill)


def _masks(challenge: Challenge, asked: Asked, skill: Skill) -> Measured:
    own, shared = _dice(skill.label, asked.task.id), _dice("", asked.task.id)
    count = len(asked.cases)
    middle = np.log(skill.dsc / (1 - skill.dsc)) + 0.3 * own.normal() - _abroad(challenge, asked.cases) * 0.25
    strength = middle + 0.55 * shared.normal(size=count) + 0.4 * own.normal(size=count)
    dsc = 1 / (1 + np.exp(-strength))
    found = [MaskScores(_scores_of(asked.task, float(each)), None) for each in dsc]
    for at in own.permutation(count)[: skill.bad_masks]:
        found[at] = MaskScores(dict.fromkeys(found[at].scores, 0.0), _FORGOTTEN[at % len(_FORGOTTEN)])
    return measured_masks(asked, found)


def _scores_of(task: Task, dsc: float) -> dict[str, float]:
    """Of one mask; the boundary is met the more often the larger the tolerance."""
    return {
        metric.key: dsc if metric.name == "dsc" else float(dsc ** (2.6 / (metric.tolerance or 1.0))) for metric in task.metrics
    }


def _classes(challenge: Challenge, asked: Asked, skill: Skill) -> Measured:
    own, shared = _dice(skill.label, asked.task.id), _dice("", asked.task.id)
    classes, count = len(asked.task.classes or ()), len(asked.cases)
    labels = np.array([case.label for case in asked.cases])
    auc = min(max(skill.auc if classes == 2 else skill.auc_of_many, 0.02), 0.98)
    apart = NormalDist().inv_cdf(auc) * np.sqrt(2) - 0.15 * _abroad(challenge, asked.cases)
    evidence = 0.6 * shared.normal(size=(count, classes)) + 0.8 * own.normal(size=(count, classes))
    evidence[np.arange(count), labels] += apart
    likely = np.exp(1.2 * evidence)
    shares = likely / likely.sum(axis=1, keepdims=True)
    written = [ClassAnswer(tuple(map(float, row)), int(row.argmax())) for row in shares]
    table = class_table(asked.task, asked.cases, written)
    figures = [_figures(answer, right=bool(right)) for answer, right in zip(written, table.right, strict=True)]
    return measured_table(asked, Read(table, [None] * count, figures))


def _figures(answer: ClassAnswer, *, right: bool) -> dict[str, float]:
    shares = {f"p_{number}": each for number, each in enumerate(answer.probabilities or ())}
    return {"acc": float(right), "decided": float(answer.prediction or 0), **shares}


def _abroad(challenge: Challenge, cases: Sequence[Case]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """1 for cases of an external center, where algorithms do worse, else 0."""
    external = {center.id for center in challenge.centers if center.role == "external"}
    return np.array([float(case.center in external) for case in cases])


def _findings(challenge: Challenge, skill: Skill) -> tuple[FindingRecord, ...]:
    if not skill.bad_masks:
        return ()
    masks = skill.bad_masks * sum(task.is_segmentation for task in challenge.tasks)
    small = FindingRecord(
        code="wrong_size",
        count=masks,
        examples=(),
        sentence=f"{masks} masks are not the size of their images. Resize masks to the image before saving.",
    )
    return (small,)


def _dice(label: str, task: str) -> np.random.Generator:
    """The same for the same team and task; without a label, what all teams share: how hard each case is."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{label}\0{task}".encode()).digest()[:8], "big"))
