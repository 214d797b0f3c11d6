"""What a hostile team learns from the platform's answers: nothing about a single hidden case."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from gallery import Attack, read_attack
from gallery_bench import SMALL, Bench, Told

from sonobench_eval.contract.pseudonyms import KEY_BYTES
from sonobench_eval.sandbox.failure import classify
from sonobench_platform.runs.evaluations import for_team

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
Attempt = Callable[[Attack], Told]
CODES_OF_ITS_OWN = range(1, 126)


class TestTold:
    def test_the_same_words_for_every_exit_code(self, attempt: Attempt) -> None:
        told = attempt(read_attack("channel-exit-code"))
        assert told.outcome is not None
        limits = {"time_limit_s": SMALL["time_s"], "memory_limit_bytes": 1, "output_limit_bytes": 1}
        failures = [classify(replace(told.outcome, exit_code=code), **limits) for code in CODES_OF_ITS_OWN]
        assert {failure.told for failure in failures if failure} == {told.team}

    def test_nothing_that_a_failed_run_printed(self, attempt: Attempt) -> None:
        told = attempt(read_attack("channel-error-text"))
        assert len(told.log) > 100
        assert not any(word in told.team for word in told.log.split())

    @pytest.mark.parametrize("name", ["channel-file-names", "channel-json-keys", "output-names", "png-dimension-bomb"])
    def test_nothing_that_a_scored_run_named(self, name: str, attempt: Attempt) -> None:
        told = attempt(read_attack(name))
        assert told.evaluation is not None
        assert any(finding.examples for finding in told.evaluation.findings)
        shown = for_team(told.evaluation)
        assert not any(finding.examples for finding in shown.findings)
        assert shown.cases == ()
        assert "50000" not in told.team  # the size that the bomb claims is text of the container's choice

    def test_findings_and_their_words_do_not_depend_on_the_labels(self, bench: Bench, attempt: Attempt) -> None:
        told = attempt(read_attack("score-probing"))
        challenge = bench.loaded.challenge
        turned = tuple(
            case if case.label is None else case.model_copy(update={"label": 1 - min(case.label, 1)}) for case in challenge.cases
        )
        other = replace(bench.loaded, challenge=challenge.model_copy(update={"cases": turned}))
        evaluation = bench.score(told.results, told.key, loaded=other)
        assert told.evaluation is not None
        assert evaluation.findings == told.evaluation.findings
        assert evaluation.tasks != told.evaluation.tasks


class TestNextRun:
    def test_the_honest_image_scores_the_same_under_any_names(self, bench: Bench, honest: Told) -> None:
        again = bench.run_honest(key=secrets.token_bytes(KEY_BYTES))
        assert again.results != honest.results
        assert again.evaluation is not None
        assert honest.evaluation is not None
        assert again.evaluation.to_json() == honest.evaluation.to_json()


class TestBench:
    """A gallery in which everything is harmless proves something only where harm would be seen."""

    def test_words_that_must_stay_secret_are_seen_in_a_log(self, bench: Bench) -> None:
        told = bench.run_script(f"echo {bench.secrets.words['other-team']}; echo BREACH by design", name="control-log")
        assert told.harm == ("the secret of the other-team was met", "BREACH by design")

    def test_words_that_must_stay_secret_are_seen_in_results(self, bench: Bench) -> None:
        told = bench.run_script(f"echo {bench.secrets.words['truth']} >/output/x", name="control-results")
        assert told.harm == ("the secret of the truth was met",)

    def test_whoever_speaks_to_the_host_is_heard(self, bench: Bench) -> None:
        with socket.create_connection(("127.0.0.1", bench.known.tcp_port), timeout=5) as door:
            door.settimeout(5)
            assert door.recv(1) == b""  # it was accepted, noted, and closed
        assert bench.listeners.heard == ["tcp"]
        bench.listeners.heard.clear()

    def test_a_file_with_the_mark_on_the_host_is_found(self, bench: Bench) -> None:
        planted = bench.secrets.folder / "more"
        planted.write_text("x")
        assert "files of the host were changed" in bench.run_script("true", name="control-files").harm
        planted.unlink()
