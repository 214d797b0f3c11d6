"""A challenge on a real platform whose teams were scored with evaluations made by hand, and whose board the real engine made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import platform_fakes
import platform_world
import ranking_world
import yaml
from what_if_world import measured

from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.case_table import case_table
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.statistics.replicates import Replicates
from sonobench_platform.core import Scores
from sonobench_platform.wiring import SonobenchEvaluator

SKILLS = {"Ada": 1.8, "Bo": 1.2, "Cy": 0.9, "Di": 0.2}


@dataclass
class ScriptedEvaluator(platform_fakes.FakeEvaluator):
    """Scores whatever is handed in as `next` says; boards are the real engine's."""

    next: tuple[Entry, Replicates] | None = None
    real: SonobenchEvaluator = field(default_factory=SonobenchEvaluator)

    def score(self, loaded: LoadedChallenge, results: Path, *, pseudonym_key: bytes | None) -> Scores:
        if self.next is None:
            return super().score(loaded, results, pseudonym_key=pseudonym_key)
        entry, replicates = self.next
        return Scores(evaluation=_of(entry.evaluation, loaded.hash, self.dataset_hash), save_replicates=replicates.save)

    def build_leaderboard(self, challenge: Challenge, contenders: Any, **about: Any) -> Leaderboard:
        return self.real.build_leaderboard(challenge, contenders, **about)


@dataclass
class BoardScene:
    """The scene: `world` is the platform, `entries` what its teams have."""

    world: Any
    challenge: Challenge
    entries: tuple[Entry, ...]

    def get(self, page: str, who: Any = None, **parameters: str) -> Any:
        """A page below the challenge's, as a browser asks for it."""
        http = self.world.anyone if who is None else who
        return http.get(f"/challenges/tiny/{page}", params=parameters, headers={"Accept": "text/html"})

    def board(self) -> Leaderboard:
        answer = self.world.anyone.get("/api/v1/challenges/tiny/leaderboard")
        assert answer.status_code == 200, answer.text
        return Leaderboard.from_json(answer.text)

    def close(self) -> None:
        """Close the challenge by its organizers' hand: the board is made anew with exact figures."""
        answer = self.world.organiser.post("/api/v1/challenges/tiny/close")
        assert answer.status_code < 300, answer.text


def make_scene(
    make_world: Any,
    skills: dict[str, float] | None = None,
    *,
    rules: dict[str, Any] | None = None,
    **world: Any,
) -> BoardScene:
    """An open challenge with one scored submission of each team.

    Args:
        make_world: the tests' own.
        skills: team -> how good it is.
        rules: of the one phase.
        world: settings of `ranking_world.make_world`.
    """
    made = ranking_world.make_world(SKILLS if skills is None else skills, **{"cases": 36, **world})
    made = replace(made, entries=measured(made.entries))
    platform = make_world(evaluator=ScriptedEvaluator())
    challenge = _registered(platform, made.challenge, rules or {})
    for number, (entry, values) in enumerate(zip(made.entries, _replicates(made), strict=True)):
        platform.evaluator.next = (entry, values)
        _scored(platform, entry, number)
    return BoardScene(platform, challenge, made.entries)


def _registered(world: Any, challenge: Challenge, rules: dict[str, Any]) -> Challenge:
    """Under the name that the world's teams hand in for, with data on disk."""
    definition = yaml.safe_load(dump_challenge(challenge.model_copy(update={"name": "tiny"})))
    definition["phases"] = [{"id": "test", "canary": False, **rules}]
    for case in definition["cases"]:
        platform_world._picture(world.folder / "images" / case["id"])
        if "mask" in case:
            platform_world._picture(world.folder / "truth" / case["mask"])
    world.yaml.write_text(yaml.safe_dump(definition))
    summary = world.platform.register_challenge(world.yaml)
    world.evaluator.dataset_hash = summary.phases[0].dataset_hash
    return Challenge.model_validate(definition)


def _scored(world: Any, entry: Entry, number: int) -> None:
    submission = world.queued(entry.team)
    claimed = world.claim(gpus=0)
    assert claimed is not None
    assert world.hand_back(claimed).status_code == 204
    measurement = {
        "wall_time_s": entry.time_s,
        "peak_gpu_memory_bytes": entry.gpu_memory_bytes,
        "gpu_memory_method": "nvml",
        "peak_host_memory_bytes": 10**9 * (number + 1),
        "host_memory_method": "sampled",
    }
    assert world.tell(claimed, "finish", report=platform_world.report(measurement=measurement)).status_code == 200
    world.platform.score_run(claimed["run_id"])
    assert world.state(submission) == "scored"


def _replicates(made: ranking_world.World) -> list[Replicates]:
    teams = [entry.team for entry in made.entries]
    table = case_table(made.challenge, teams, [entry.evaluation for entry in made.entries])
    values = table.resampled(resamples=200, seed=made.challenge.bootstrap.seed)
    keys = {name: tuple(name.rsplit(".", 1)) for name in values}
    return [Replicates({keys[name]: row[:, number].copy() for name, row in values.items()}) for number in range(len(teams))]  # type: ignore[misc]


def _of(evaluation: Evaluation, challenge_hash: str, dataset_hash: str) -> Evaluation:
    made_from = evaluation.made_from.model_copy(
        update={"challenge": "tiny", "challenge_hash": challenge_hash, "dataset_hash": dataset_hash}
    )
    return evaluation.model_copy(update={"made_from": made_from})
