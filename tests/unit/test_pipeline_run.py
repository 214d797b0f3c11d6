"""Staging what a container may see, and running it on the fake sandbox."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from tempfile import mkdtemp

import pytest
from open_files import open_below
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonobench_eval.challenge.contract_rules import ContractRules
from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.contract.pseudonyms import case_names
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.pipeline_run import STAGED_AT_S, InputsIncomplete, RunPlan, run_image, staged, sweep_staging
from sonobench_eval.sandbox.fake import FakeSandbox
from sonobench_eval.sandbox.port import ImageIdentity, SandboxTrouble

IDENTITY = ImageIdentity("sha256:" + "a" * 64, ("sha256:" + "b" * 64,))


@pytest.fixture
def challenge():
    return Challenge(
        sonobench=1,
        name="tiny",
        title="Tiny",
        writable=("/app", "/cache"),
        centers=(Center(id="home", role="internal"),),
        tasks=(
            Task(
                id="breast",
                kind="binary",
                dataset_name="Breast",
                organ="Breast",
                classes=("no", "yes"),
                metrics=(Metric(name="auc"),),
            ),
        ),
        cases=tuple(Case(id=f"Breast/img/{n}.png", task="breast", center="home", subject="secret", label=1) for n in range(3)),
    )


@pytest.fixture
def inputs(tmp_path, challenge):
    folder = tmp_path / "hidden-truth-beside" / "images"
    for case in challenge.cases:
        (folder / case.id).parent.mkdir(parents=True, exist_ok=True)
        (folder / case.id).write_bytes(case.id.encode())
        (folder / case.id).chmod(0o600)
    (folder / "Breast" / "img" / "unused.png").write_bytes(b"no case of this challenge")
    return folder


@pytest.fixture
def run(challenge, inputs, tmp_path):
    def run_it(program=lambda inputs, output: 0, **changes):
        sandbox = FakeSandbox(program)
        callbacks = {name: changes.pop(name) for name in ("should_stop", "progress") if name in changes}
        given = {"inputs_dir": inputs, "staging": tmp_path / "staging", **changes}
        plan = RunPlan(identity=IDENTITY, run_id="r1", attempt=2, node="n1", **given)
        outcome = run_image(challenge, plan, sandbox=sandbox, results=tmp_path / "r.tar", **callbacks)
        return outcome, sandbox

    return run_it


def stage(challenge, inputs, base, *, key=None):
    """What a container of this challenge is given, told of its cases by the names that the key makes."""
    names = case_names(challenge, key)
    return staged(names, contract_of(challenge).feed(names.as_told(challenge)), inputs_dir=inputs, base=base)


class TestStaged:
    @pytest.fixture
    def ready(self, challenge, inputs, tmp_path):
        with stage(challenge, inputs, tmp_path / "staging") as ready:
            yield ready

    def test_exactly_the_cases_images_are_there(self, ready, challenge):
        found = {str(path.relative_to(ready.inputs_dir)) for path in ready.inputs_dir.rglob("*") if path.is_file()}
        assert found == {case.id for case in challenge.cases}

    def test_any_user_can_read_them_and_nobody_write(self, ready):
        for path in (ready.inputs_dir, *ready.inputs_dir.rglob("*"), ready.case_list):
            assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o444)

    def test_times_tell_nothing(self, ready):
        times = {path.stat().st_mtime for path in (ready.inputs_dir, *ready.inputs_dir.rglob("*"), ready.case_list)}
        assert times == {STAGED_AT_S}

    def test_the_folder_around_them_is_closed_to_other_users(self, ready):
        assert stat.S_IMODE(ready.inputs_dir.parent.stat().st_mode) == 0o700

    def test_its_path_names_neither_run_nor_challenge(self, ready, tmp_path):
        below = ready.inputs_dir.relative_to((tmp_path / "staging").resolve())
        assert str(below).startswith("sonobench-staged-")
        assert "tiny" not in str(below)

    def test_the_originals_are_not_changed(self, ready, inputs, challenge):
        original = inputs / challenge.cases[0].id
        assert stat.S_IMODE(original.stat().st_mode) == 0o600
        assert original.stat().st_mtime != STAGED_AT_S
        assert original.stat().st_nlink == 1

    def test_a_missing_image_is_named_and_nothing_is_left(self, challenge, inputs, tmp_path):
        (inputs / challenge.cases[1].id).unlink()
        with (
            pytest.raises(InputsIncomplete, match=r"case Breast/img/1\.png is missing"),
            stage(challenge, inputs, tmp_path / "staging"),
        ):
            pass
        assert list((tmp_path / "staging").iterdir()) == []

    def test_a_disk_without_room_is_told_in_a_sentence(self, challenge, inputs, tmp_path, monkeypatch):
        def no_room(source, target):
            raise OSError(28, "No space left on device", str(target))

        monkeypatch.setattr("shutil.copyfile", no_room)
        with (
            pytest.raises(InputsIncomplete, match=r"0\.png could not be copied .*No space left on device.* needs room"),
            stage(challenge, inputs, tmp_path / "staging"),
        ):
            pass
        assert list((tmp_path / "staging").iterdir()) == []

    def test_a_base_that_cannot_be_made_is_told(self, challenge, inputs, tmp_path):
        (tmp_path / "file").write_text("")
        with (
            pytest.raises(InputsIncomplete, match="No folder for a run's inputs"),
            stage(challenge, inputs, tmp_path / "file" / "x"),
        ):
            pass

    def test_what_a_killed_process_left_goes_first(self, challenge, inputs, tmp_path):
        left = tmp_path / "staging" / "sonobench-staged-dead" / "inputs"
        left.mkdir(parents=True)
        with stage(challenge, inputs, tmp_path / "staging") as ready:
            assert [path.name for path in (tmp_path / "staging").iterdir()] == [ready.inputs_dir.parent.name]

    def test_a_new_folder_that_a_sweep_takes_away_is_made_again(self, challenge, inputs, tmp_path, monkeypatch):
        made = []

        def made_and_swept(**where):
            made.append(mkdtemp(**where))
            if len(made) == 1:
                sweep_staging(tmp_path / "staging")
            return made[-1]

        monkeypatch.setattr("sonobench_eval.pipeline_run.mkdtemp", made_and_swept)
        with stage(challenge, inputs, tmp_path / "staging") as ready:
            assert ready.inputs_dir.parent == Path(made[1]).resolve()


class TestStagedUnderPseudonyms:
    KEY = b"k" * 32

    @pytest.fixture
    def pictures(self, challenge, inputs):
        """The inputs as real images; each has its own grey value and a comment."""
        for grey, case in enumerate(challenge.cases):
            text = PngInfo()
            text.add_text("Comment", "SECRET")
            Image.new("L", (2, 2), grey).save(inputs / case.id, pnginfo=text)
        return inputs

    @pytest.fixture
    def ready(self, challenge, pictures, tmp_path):
        with stage(challenge, pictures, tmp_path / "staging", key=self.KEY) as ready:
            yield ready

    def test_files_have_the_given_names_and_the_cases_pixels(self, ready, challenge):
        given = case_names(challenge, self.KEY).given
        found = {str(path.relative_to(ready.inputs_dir)): path for path in ready.inputs_dir.rglob("*.png")}
        assert set(found) == set(given.values())
        for grey, case in enumerate(challenge.cases):
            with Image.open(found[given[case.id]]) as image:
                assert image.getpixel((0, 0)) == grey

    def test_headers_stay_outside(self, ready):
        assert not any(b"SECRET" in path.read_bytes() for path in ready.inputs_dir.rglob("*.png"))

    def test_times_and_modes_tell_nothing(self, ready):
        paths = [path for path in ready.inputs_dir.rglob("*") if path.is_file()]
        assert {(path.stat().st_mtime, stat.S_IMODE(path.stat().st_mode)) for path in paths} == {(STAGED_AT_S, 0o444)}

    def test_they_are_written_in_the_order_of_the_list_which_is_shuffled(self, challenge, pictures, tmp_path, monkeypatch):
        written = []
        monkeypatch.setattr("sonobench_eval.pipeline_run.stripped", lambda data: written.append(data) or data)
        names = case_names(challenge, self.KEY)
        with stage(challenge, pictures, tmp_path / "staging", key=self.KEY):
            assert written == [(pictures / case_id).read_bytes() for case_id in names.given]

    def test_an_image_whose_headers_cannot_be_taken_off_stops_the_run_and_is_named(self, challenge, pictures, tmp_path):
        (pictures / challenge.cases[1].id).write_bytes(b"GIF89a")
        with (
            pytest.raises(InputsIncomplete, match=r"case Breast/img/1\.png cannot be freed of its headers: it is no PNG"),
            stage(challenge, pictures, tmp_path / "staging", key=self.KEY),
        ):
            pass
        assert list((tmp_path / "staging").iterdir()) == []


class TestSweepStaging:
    def test_what_a_killed_process_left_is_removed(self, tmp_path):
        left = tmp_path / "sonobench-staged-dead"
        (left / "inputs").mkdir(parents=True)
        (tmp_path / "somebody-elses").mkdir()
        assert sweep_staging(tmp_path) == ["sonobench-staged-dead"]
        assert [path.name for path in tmp_path.iterdir()] == ["somebody-elses"]

    def test_what_is_in_use_stays(self, challenge, inputs, tmp_path):
        with stage(challenge, inputs, tmp_path / "s") as ready:
            assert sweep_staging(tmp_path / "s") == []
            assert ready.case_list.exists()

    def test_a_link_is_not_followed(self, tmp_path, inputs):
        (tmp_path / "s").mkdir()
        (tmp_path / "s" / "sonobench-staged-link").symlink_to(inputs)
        assert sweep_staging(tmp_path / "s") == []
        assert inputs.exists()


class TestRunImage:
    def test_the_container_gets_the_contracts_places_and_the_challenges_limits(self, run, challenge):
        _, sandbox = run(runtime="runsc", gpu_uuid="GPU-1")
        spec = sandbox.ran[0]
        assert (spec.name, spec.run_id, spec.attempt, spec.node) == ("sonobench-r1-a2", "r1", 2, "n1")
        assert (spec.mounts.inputs_at, spec.mounts.case_list_at, spec.mounts.output_at) == ("/input", "/input_json", "/output")
        assert (spec.limits, spec.writable) == (challenge.limits, ("/app", "/cache"))
        assert (spec.runtime, spec.gpu_uuid, spec.image) == ("runsc", "GPU-1", IDENTITY)

    def test_the_case_list_holds_nothing_of_the_references(self, run):
        _, sandbox = run()
        cases = json.loads(sandbox.case_list)
        assert [case["img_path_relative"] for case in cases] == [f"Breast/img/{n}.png" for n in range(3)]
        assert b"label" not in sandbox.case_list
        assert b"secret" not in sandbox.case_list

    def test_with_a_key_names_and_order_are_pseudonyms(self, run, challenge, inputs):
        for case in challenge.cases:
            Image.new("L", (2, 2)).save(inputs / case.id)
        _, sandbox = run(pseudonym_key=b"k" * 32)
        told = [case["img_path_relative"] for case in json.loads(sandbox.case_list)]
        assert told == list(case_names(challenge, b"k" * 32).given.values())

    def test_a_program_reads_images_and_its_results_come_back(self, run):
        def program(inputs, output):
            (output / "classification.json").write_bytes((inputs / "Breast/img/2.png").read_bytes())
            return 0

        outcome, _ = run(program)
        assert (outcome.exit_code, outcome.result_files, outcome.result_bytes) == (0, 1, 16)

    def test_staging_is_told_first(self, run):
        phases = []
        run(progress=phases.append)
        assert phases == ["stage", "create", "run", "collect", "remove"]

    def test_nothing_staged_is_left_after_a_good_run(self, run, tmp_path):
        run()
        assert list((tmp_path / "staging").iterdir()) == []

    def test_nothing_staged_is_left_when_the_engine_fails(self, run, tmp_path):
        def fail(inputs, output):
            raise SandboxTrouble("the engine is away")

        with pytest.raises(SandboxTrouble, match="engine is away"):
            run(fail)
        assert list((tmp_path / "staging").iterdir()) == []

    def test_stopping_reaches_the_sandbox(self, run):
        outcome, _ = run(should_stop=lambda: True)
        assert outcome.cancelled

    def test_no_file_descriptor_is_left_open(self, run, tmp_path):
        run()
        assert open_below(tmp_path) == []


class TestOtherContracts:
    """Images go where the contract puts them, and the list of cases lies by itself, among them, or nowhere."""

    def of(self, challenge, **rules):
        return challenge.model_copy(update={"contract": ContractRules.model_validate({**rules, "masks": [{}]})})

    def test_a_folder_for_each_case_and_no_list(self, challenge, inputs, tmp_path):
        own = self.of(challenge, inputs={"at": "/in", "path": "{folder}/{stem}/image{suffix}"}, output_at="/out")
        seen = []

        def look(given, output):
            seen.extend(str(path.relative_to(given)) for path in given.rglob("*") if path.is_file())
            return 0

        sandbox = FakeSandbox(look)
        plan = RunPlan(identity=IDENTITY, inputs_dir=inputs, run_id="r1", attempt=1, node="n1", staging=tmp_path / "staging")
        run_image(own, plan, sandbox=sandbox, results=tmp_path / "r.tar")
        mounts = sandbox.ran[0].mounts
        assert (mounts.inputs_at, mounts.case_list, mounts.case_list_at, mounts.output_at) == ("/in", None, None, "/out")
        assert mounts.taken == ("/in", "/out")
        assert sorted(seen) == sorted(case.id.replace(".png", "/image.png") for case in own.cases)

    def test_a_list_among_the_images_is_as_closed_as_they_are(self, challenge, inputs, tmp_path):
        own = self.of(challenge, case_list={"at": "/input/meta/cases.csv", "form": "csv", "fields": {"id": "{path}"}})
        with stage(own, inputs, tmp_path / "staging") as ready:
            assert ready.case_list is None
            listed = ready.inputs_dir / "meta" / "cases.csv"
            assert listed.read_text().splitlines() == ["id", *(case.id for case in own.cases)]
            assert (stat.S_IMODE(listed.stat().st_mode), listed.stat().st_mtime) == (0o444, STAGED_AT_S)
            assert stat.S_IMODE(listed.parent.stat().st_mode) == 0o755
