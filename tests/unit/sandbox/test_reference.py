"""The reference container's program, run here: it does all of its work and knows it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sonobench_eval.sandbox.docker_engine.reference import ANSWER, STEPS, answer_of, run_reference, work_program
from sonobench_eval.sandbox.fake import FakeSandbox
from sonobench_eval.sandbox.port import ImageIdentity, ImageRefusedByEngine, SandboxTrouble


def exit_code(tmp_path: Path, program: bytes) -> int:
    path = tmp_path / "program"
    path.write_bytes(program)
    path.chmod(0o755)
    return subprocess.run([path], check=False, timeout=60).returncode


class TestWorkProgram:
    @pytest.mark.parametrize("steps", [1, 2, 20_000])
    def test_it_comes_to_the_answer_that_python_comes_to(self, tmp_path: Path, steps: int) -> None:
        answer = answer_of(steps)
        assert exit_code(tmp_path, work_program(steps=steps, answer=answer)) == 0
        assert exit_code(tmp_path, work_program(steps=steps, answer=answer ^ 1)) == 1

    def test_the_whole_work_has_the_answer_that_is_written_down(self, tmp_path: Path) -> None:
        assert exit_code(tmp_path, work_program()) == 0

    def test_its_bytes_are_always_the_same(self) -> None:
        # Golden: times of another program, or of another amount of work, would be no comparison. A change needs a new tag.
        import hashlib

        assert (STEPS, ANSWER) == (100_000_000, 7663041473572918932)
        assert hashlib.sha256(work_program()).hexdigest() == "ce30942da05032015adc616b34f780eb7156c5e96eb9e4705c7033f4aea14f12"
        assert work_program() == work_program()


class TestRunReference:
    def test_it_is_the_median_time_and_nothing_is_left(self, tmp_path: Path) -> None:
        sandbox = FakeSandbox(takes_s=1.5)
        assert run_reference(sandbox, node="n", work=tmp_path, token="t", cpuset="0") == 1.5
        assert list(tmp_path.iterdir()) == []
        assert sandbox.loaded == []
        assert {spec.cpuset for spec in sandbox.ran} == {"0"}

    def test_one_that_comes_to_another_answer_is_trouble(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxTrouble, match=r"did not do its work on this node \(exit code 1\)"):
            run_reference(FakeSandbox(lambda inputs, output: 1), node="n", work=tmp_path, token="t")
        assert list(tmp_path.iterdir()) == []

    def test_an_engine_that_does_not_take_it_is_trouble(self, tmp_path: Path) -> None:
        class Refusing(FakeSandbox):
            def load(self, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
                raise ImageRefusedByEngine("no")

        with pytest.raises(SandboxTrouble, match="does not take the reference image: no"):
            run_reference(Refusing(), node="n", work=tmp_path, token="t")

    def test_a_folder_that_cannot_be_written_is_trouble(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxTrouble, match="cannot be written"):
            run_reference(FakeSandbox(), node="n", work=tmp_path / "missing", token="t")
