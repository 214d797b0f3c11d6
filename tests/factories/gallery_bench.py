"""Runs the gallery's hostile images the way a worker does, and looks at the host for any trace of them.

What must stay secret is planted beforehand: a word in a file of the host that everybody may read, one in this process's
environment, one in the hidden references' folder, one in a layer of another team's image. Something listens on the
host's addresses. After every attack, none of it may have been met.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
import docker.errors
import gallery
import image_tars
import pytest
from gallery import PICTURE_PX, Attack, File, Kit, Known, base_layer, build_upload, honest_upload, layer_of
from gallery_listeners import Listeners, own_addresses
from gallery_traces import DiskWatch, EngineEvents, PeakMemory, cgroups_naming

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.challenge.model import Case, Limits
from sonobench_eval.challenge.phantom import make_phantom
from sonobench_eval.contract.pseudonyms import KEY_BYTES
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.intake.records import ImageRefused, IntakeLimits
from sonobench_eval.intake.verify import verify_image
from sonobench_eval.io.sources import TarResults
from sonobench_eval.pipeline import score_results
from sonobench_eval.pipeline_run import RunPlan, run_image
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.failure import Failure, bad_output, classify, read_results
from sonobench_eval.sandbox.port import ImageIdentity, ImageRefusedByEngine, RunOutcome, container_name, never_started
from sonobench_platform.runs.evaluations import for_team

MIB = 2**20
SMALL: dict[str, Any] = {
    "time_s": 20.0,
    "memory_bytes": 48 * MIB,
    "cpus": 1.0,
    "pids": 32,
    "scratch_bytes": 2 * MIB,
    "output_bytes": 4 * MIB,
    "output_files": 64,
    "shm_bytes": MIB,
    "open_files": 128,
    "log_bytes": 64 * 1024,
}
"""What an attack may use where its folder asks for no other limits. The honest image always runs under these."""
CASES_PER_TASK = 3
PLACES = 6
"""In-memory places a gallery image has at most, beside /output and /dev/shm."""
KERNEL_SLACK_BYTES = 8 * MIB
SCORING_MAY_TAKE_KIB = 128 * 1024
ENDS_WITHIN_S = 20.0
"""Killing, collecting and an engine that others use as well; a bound on harm, no measure of speed."""
HONEST_KEY = bytes(range(KEY_BYTES))
PLANTED_IN = ("/", "/tmp", "/etc", "/root", "/var/tmp", "/dev/shm", "/run", "/proc", "/sys/fs/cgroup", "/var/lib/docker", ".")
LEAK = "leak-"
"""Begins every word that an attack makes from hidden pictures; no team may ever read one."""


@dataclass(frozen=True)
class Told:
    """What came of an upload. `team` is every word the team is shown; `harm` what should not have been, a line each."""

    stage: str
    category: str | None
    blame: str | None
    team: str
    outcome: RunOutcome | None = None
    evaluation: Evaluation | None = None
    results: bytes = b""
    harm: tuple[str, ...] = ()
    key: bytes = b""

    @property
    def log(self) -> str:
        return self.outcome.log_tail if self.outcome else ""

    @property
    def findings(self) -> dict[str, int]:
        return {each.code: each.count for each in self.evaluation.findings} if self.evaluation else {}

    @property
    def values(self) -> dict[str, float | None]:
        """Every metric of every task."""
        tasks = self.evaluation.tasks if self.evaluation else ()
        return {f"{task.id}.{metric.name}": metric.value for task in tasks for metric in task.metrics}


@dataclass
class Secrets:
    """Words that may appear nowhere, by where they were planted."""

    folder: Path
    words: dict[str, str] = field(default_factory=dict)

    def plant(self, where: str) -> str:
        self.words[where] = f"secret-of-{where}-{secrets.token_hex(8)}"
        return self.words[where]

    def met_in(self, data: bytes) -> list[str]:
        return [where for where, word in self.words.items() if word.encode() in data]


class Bench:
    """A node with one challenge, another team's image, an honest team's image, and secrets to look for."""

    def __init__(
        self, engine: DockerEngine, api: docker.APIClient, folder: Path, *, runtime: str | None = None, limits_bite: bool = True
    ) -> None:
        self.engine, self.api, self.folder = engine, api, folder
        self.runtime, self.limits_bite = runtime, limits_bite
        self.token = secrets.token_hex(4)
        self.node = f"gallery-{self.token}"
        self.secrets = Secrets(folder / "of-the-host")
        self.listeners = Listeners(f"sonobench-{self.token}")
        self.loaded = small_challenge(folder / "phantom")
        self.known = self._plant()
        self.victim = self._load_victim()
        self.honest = self._take_in("honest", honest_upload(self.known))
        self.kept_ids: dict[str, str | None] = {}
        self.host_before = self.host_files()

    def begin(self) -> Told:
        """The honest image before any attack. From here on, the tags that there are may not move."""
        told = self.run_honest()
        self.kept_ids = {tag: self._image_id(tag) for tag in (self.known.victim_tag, "sonobench/keeper:1")}
        return told

    def close(self) -> None:
        self.listeners.close()
        for image in (self.victim, self.honest):
            with contextlib.suppress(docker.errors.APIError):
                self.api.remove_image(image.engine_id, force=True)

    # What is there to be stolen ---------------------------------------------------------------------------------

    def _plant(self) -> Known:
        place = self.secrets.folder
        place.mkdir(mode=0o755)
        secret = place / "secret"
        secret.write_text(self.secrets.plant("host-file"))
        for folder in (self.folder, place):  # anybody on the host may read it: only the sandbox keeps an attack away
            folder.chmod(0o755)
        os.environ["SONOBENCH_GALLERY_SECRET"] = self.secrets.plant("environment")
        assert self.loaded.truth_dir is not None
        (self.loaded.truth_dir / "secret").write_text(self.secrets.plant("truth"))
        return Known(
            mark=f"sonobench-mark-{self.token}",
            secret_file=str(secret),
            hosts=own_addresses(),
            tcp_port=self.listeners.tcp_port,
            udp_port=self.listeners.udp_port,
            abstract_socket=self.listeners.abstract,
            victim_tag=f"sonobench/gallery-victim:{self.token}",
            victim_layer=layer_of({"weights": File(self.secrets.plant("other-team").encode())}),
        )

    def _load_victim(self) -> ImageIdentity:
        layers = [self.known.victim_layer]
        upload = image_tars.saved_image(layers, config_bytes=image_tars.config(layers, {"Labels": {"team": self.token}}))
        return self._take_in("victim", upload.tar(), tag=self.known.victim_tag)

    def _take_in(self, name: str, upload: bytes, *, tag: str = "", limits: Mapping[str, Any] | None = None) -> ImageIdentity:
        """Intake and load, as for any team.

        Raises:
            ImageRefused: the intake will not have it.
            ImageRefusedByEngine: the engine cannot unpack it.
        """
        folder = self.folder / "uploads"
        folder.mkdir(exist_ok=True)
        handed_in, verified = folder / f"{name}.upload", folder / f"{name}.tar"
        handed_in.write_bytes(upload)
        try:
            image = verify_image(
                handed_in,
                verified,
                tag=tag or f"sonobench/gallery-{self.token}:{name}",
                limits=replace(IntakeLimits(), **(limits or {})),
            )
            return self.engine.load(image.tar, ImageIdentity(image.config_digest, image.diff_ids))
        finally:
            handed_in.unlink()
            verified.unlink(missing_ok=True)
            assert list(folder.iterdir()) == []

    def _image_id(self, reference: str) -> str | None:
        try:
            return str(self.api.inspect_image(reference)["Id"])
        except docker.errors.ImageNotFound:
            return None

    # Runs -------------------------------------------------------------------------------------------------------

    def attack(self, attack: Attack) -> Told:
        """Hand in a hostile image, run it as often as its folder says, and look for traces after every run."""
        try:
            identity = self._take_in(attack.name, build_upload(attack.name, self.known), limits=attack.intake_limits)
        except ImageRefused as refused:
            known = self._image_id(f"sonobench/gallery-{self.token}:{attack.name}")
            harm = ("it was refused and is in the engine",) if known else ()
            return Told("intake", refused.code, "participant", refused.sentence, harm=harm)
        except ImageRefusedByEngine as refused:
            failure = classify(never_started(str(refused)), time_limit_s=1, memory_limit_bytes=1, output_limit_bytes=1)
            assert failure is not None
            return Told("start", failure.category, failure.blame, failure.told)
        limits = Limits.model_validate({**SMALL, **attack.limits})
        try:
            keys = [secrets.token_bytes(KEY_BYTES) for _ in range(attack.runs)]
            all_runs = [self.run(identity, limits=limits, name=attack.name, key=key) for key in keys]
            return replace(all_runs[-1], harm=tuple(line for each in all_runs for line in each.harm))
        finally:
            self.engine.forget(identity)

    def run_honest(self, *, key: bytes = HONEST_KEY) -> Told:
        """The honest image under the names that `key` makes: the same ones every time, so that results can be compared."""
        return self.run(self.honest, limits=Limits.model_validate(SMALL), name="honest", key=key)

    def run_script(self, script: str, *, name: str) -> Told:
        """An image that runs a script of a test's own."""
        own = layer_of({"attack/attack.sh": File(script.encode())})
        identity = self._take_in(name, Kit(base_layer(self.known), own, self.known, image_tars, gallery).image().tar())
        try:
            return self.run(identity, limits=Limits.model_validate(SMALL), name=name, key=secrets.token_bytes(KEY_BYTES))
        finally:
            self.engine.forget(identity)

    def run(self, identity: ImageIdentity, *, limits: Limits, name: str, key: bytes) -> Told:
        """One run and what came of it, with every trace of it that is left on the host."""
        run_id = f"{self.token}-{name}-{secrets.token_hex(3)}"
        results, staging = self.folder / "results" / f"{run_id}.tar", self.folder / "staging"
        staging.mkdir(exist_ok=True)
        challenge = self.loaded.challenge.model_copy(update={"limits": limits})
        with EngineEvents(self.api, self.node) as events, DiskWatch(self.api, container_name(run_id, 1)) as disk:
            outcome = run_image(
                challenge,
                RunPlan(
                    identity,
                    self.loaded.inputs_dir,
                    run_id=run_id,
                    attempt=1,
                    node=self.node,
                    runtime=self.runtime,
                    staging=staging,
                    pseudonym_key=key,
                ),
                sandbox=self.engine,
                results=results,
            )
        traces = [*events.strange(), *cgroups_naming(run_id, *events.containers()), *map(str, staging.iterdir())]
        if disk.most_bytes > 3 * limits.log_bytes + MIB:
            traces.append(f"{disk.most_bytes:,} bytes lay on the engine's disk")
        told = self._told(outcome, limits, key)
        harm = (*told.harm, *traces, *self._harm(told), *(over_limits(outcome, limits) if self.limits_bite else ()))
        results.unlink(missing_ok=True)
        return replace(told, harm=harm, key=key)

    def _told(self, outcome: RunOutcome, limits: Limits, key: bytes) -> Told:
        failure = classify(
            outcome,
            time_limit_s=limits.time_s,
            memory_limit_bytes=limits.memory_bytes,
            output_limit_bytes=limits.output_bytes,
        )
        results = outcome.results.read_bytes() if outcome.results else b""
        if failure is not None:
            return _failed(failure, outcome, results)
        with PeakMemory() as memory:
            evaluation = self.score(results, key)
        harm = (f"the scoring process grew by {memory.grown_kib:,} KiB",) if memory.grown_kib > SCORING_MAY_TAKE_KIB else ()
        bad = bad_output(read_results(evaluation))
        team = for_team(evaluation).to_json() + (bad.told if bad else "")
        category, blame = (bad.category, bad.blame) if bad else (None, None)
        return Told("results", category, blame, team, outcome, evaluation, results, harm)

    def score(self, results: bytes, key: bytes, *, loaded: LoadedChallenge | None = None) -> Evaluation:
        """Score the tar that a run left, against the bench's challenge or another."""
        path = self.folder / "scored.tar"
        path.write_bytes(results)
        with TarResults(path) as source:
            return score_results(loaded or self.loaded, source, pseudonym_key=key).evaluation

    # Harmless ---------------------------------------------------------------------------------------------------

    def _harm(self, told: Told) -> list[str]:
        """What was read, reached, moved or left behind, a line each."""
        seen = told.results + told.log.encode()
        found = [f"the secret of the {where} was met" for where in self.secrets.met_in(seen + told.team.encode())]
        found += [line for line in told.log.splitlines() if "BREACH" in line]
        found += ["a result tells of a breach"] if b"BREACH" in told.results else []
        found += ["the team was shown what the container made of hidden pictures"] if LEAK in told.team else []
        found += [f"{each} was spoken to" for each in self.listeners.heard]
        found += [f"{each} was left behind" for each in (*self.left_behind(), *self._marks())]
        found += [f"the tag {tag} was moved" for tag, kept in self.kept_ids.items() if self._image_id(tag) != kept]
        found += ["files of the host were changed"] if self.host_files() != self.host_before else []
        return found

    def left_behind(self) -> list[str]:
        """Containers and volumes of this node."""
        filters = {"label": f"org.sonobench.node={self.node}"}
        containers = [each["Names"][0] for each in self.api.containers(all=True, filters=filters)]
        return containers + [each["Name"] for each in self.api.volumes(filters=filters)["Volumes"] or []]

    def host_files(self) -> dict[str, tuple[int, int, bytes]]:
        """The secrets' folder and the challenge's, file by file: mode, time of change, content."""
        found = {}
        for folder in (self.secrets.folder, self.folder / "phantom"):
            for path in sorted(folder.rglob("*")):
                status = path.lstat()
                found[str(path)] = (status.st_mode, status.st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        return found

    def _marks(self) -> list[str]:
        """Files of the host that carry the mark every attack leaves wherever it can write."""
        names = [f"{folder}/{name}" for folder in PLANTED_IN for name in _names_in(folder)]
        return [name for name in names if self.known.mark in name]


def small_challenge(folder: Path) -> LoadedChallenge:
    """A few phantom cases of every task, both classes of each question among them, without a bootstrap."""
    whole = load_challenge(make_phantom(folder, seed=7, cases_per_task=12, size=PICTURE_PX))
    challenge = whole.challenge
    cases = tuple(case for task in challenge.tasks for case in _of_every_class(challenge.cases_of(task.id)))
    no_resamples = challenge.bootstrap.model_copy(update={"resamples": 0})
    return replace(whole, challenge=challenge.model_copy(update={"cases": cases, "bootstrap": no_resamples}))


def _of_every_class(cases: tuple[Case, ...]) -> list[Case]:
    first_of_class = {case.label: case for case in reversed(cases)}
    others = [case for case in cases if case not in first_of_class.values()]
    return [*first_of_class.values(), *others][: max(CASES_PER_TASK, len(first_of_class))]


def _failed(failure: Failure, outcome: RunOutcome, results: bytes) -> Told:
    stage = "start" if outcome.started_at is None or failure.category == "cannot_start" else "run"
    return Told(stage, failure.category, failure.blame, failure.told, outcome, None, results)


def over_limits(outcome: RunOutcome, limits: Limits) -> list[str]:
    """What a run used beyond its limits, a line each."""
    memory = limits.memory_bytes + limits.shm_bytes + limits.output_bytes + PLACES * limits.scratch_bytes + KERNEL_SLACK_BYTES
    used = outcome.measurement
    stored = outcome.results.stat().st_size if outcome.results is not None else 0
    figures = {
        "memory of its programs": (used.peak_host_memory_bytes, memory),
        "memory of its cgroup": (used.peak_cgroup_bytes, memory),
        "seconds": (used.wall_time_s, limits.time_s + ENDS_WITHIN_S),
        "bytes of results": (outcome.result_bytes, limits.output_bytes),
        "bytes of collected results": (stored, 2 * limits.output_bytes + 4096 * (limits.output_files + 1024)),
        "characters of log": (len(outcome.log_tail), 64 * 1024),
    }
    return [f"{what}: {value:,} of {most:,}" for what, (value, most) in figures.items() if (value or 0) > most]


def _names_in(folder: str) -> Iterator[str]:
    with contextlib.suppress(OSError):
        yield from os.listdir(folder)  # noqa: PTH208 - names only, and of folders with many


def need_compiler(attack: Attack) -> None:
    """Without a compiler, a test of an attack in C fails on CI and is skipped elsewhere."""
    if attack.needs_compiler and shutil.which("cc") is None:
        why = f"{attack.name} is a C program, and there is no compiler here; install gcc and libc6-dev"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
