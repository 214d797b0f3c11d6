"""Images whose settings or files are bent so that the engine mounts, enters or reads something else."""

from __future__ import annotations

import posixpath
import tarfile

import pytest

from sonobench_eval.sandbox.failure import Blame, Category, classify
from sonobench_eval.sandbox.port import SandboxTrouble

pytestmark = pytest.mark.docker

WORKS = "echo real > /output/real; head -c 20 /input_json; echo"


def failure_of(outcome):
    return classify(outcome, time_limit_s=30, memory_limit_bytes=2**26, output_limit_bytes=2**22)


@pytest.fixture
def link_of(file_of):
    def link(target):
        return file_of(kind=tarfile.SYMTYPE, link=target)

    return link


class TestSettings:
    @pytest.mark.parametrize("folder", ["/output/inside", "/made/by/the/engine", "/.."])
    def test_any_working_folder_that_can_be_entered_is_harmless(self, run, image_of, folder):
        ran = run(image_of(script=WORKS, config={"WorkingDir": folder}))
        assert ran.texts == {"real": "real\n"}

    @pytest.mark.parametrize("number", [3, 7, 8])
    def test_a_working_folder_among_the_runtimes_open_files_leads_nowhere(self, run, image_of, link_of, tmp_path, number):
        # CVE-2024-21626: an old runtime left a folder of the host open, and a program could start in it.
        (tmp_path / "secret").write_text("of the host")
        up = "../" * 12
        image = image_of(script=f"cat {up}{tmp_path}/secret > /output/stolen", files={"w": link_of(f"/proc/self/fd/{number}")})
        image.config["WorkingDir"] = "/w"
        try:
            ran = run(image)
        except SandboxTrouble:
            return
        assert "of the host" not in "".join(ran.texts.values())

    @pytest.mark.parametrize("signal", ["SIGCHLD"])
    def test_an_odd_stop_signal_does_not_keep_it_running(self, run, image_of, signal):
        ran = run(image_of(script="sleep 60", config={"StopSignal": signal}), time_s=1)
        assert ran.outcome.timed_out
        assert ran.outcome.measurement.wall_time_s < 10

    @pytest.mark.parametrize("user", ["0:0", "no-such-user"])
    def test_the_user_of_the_image_has_no_say(self, run, image_of, user):
        ran = run(image_of(script="id -u; id -g", config={"User": user}))
        assert ran.outcome.log_tail.split() == ["10001", "10001"]

    @pytest.mark.parametrize("command", [[""], ["/bin"], ["/no/such/program"], ["/input/a.txt"]])
    def test_a_command_that_cannot_run_is_the_teams(self, run, image_of, command):
        failure = failure_of(run(image_of(config={"Cmd": command})).outcome)
        assert (failure.blame, failure.category) == (Blame.PARTICIPANT, Category.CANNOT_START)

    @pytest.mark.parametrize("settings", [{"Env": ["A=" + "x" * 200_000]}, {"Cmd": ["/bin/sh", "-c", "true #" + "x" * 200_000]}])
    def test_more_environment_or_arguments_than_a_program_can_take_is_the_teams(self, run, image_of, settings):
        assert failure_of(run(image_of(config=settings)).outcome).blame == Blame.PARTICIPANT


class TestVolumes:
    @pytest.mark.parametrize("place", ["/etc", "/tmp", "/output/inside", "/a:b", "/new\nline", "/data/../lib"])
    def test_a_volume_anywhere_is_bounded_memory(self, run, image_of, place):
        flood = f"{posixpath.normpath(place)}/flood"
        script = f"{WORKS}; dd if=/dev/zero of='{flood}' bs=1M count=64 2>/dev/null; stat -c %s '{flood}'"
        ran = run(image_of(script=script, config={"Volumes": {place: {}}}))
        assert ran.texts["real"] == "real\n"
        assert int(ran.outcome.log_tail.split()[-1]) <= 9 * 2**20

    @pytest.mark.parametrize(
        "place", ["data", "./data", "/", "/proc", "/proc/self/fd/7", "/sys", "/dev", "/dev/shm", "/" + "x" * 5000]
    )
    def test_a_volume_where_none_can_be_is_the_teams(self, run, image_of, place):
        failure = failure_of(run(image_of(config={"Volumes": {place: {}}})).outcome)
        assert (failure.blame, failure.category) == (Blame.PARTICIPANT, Category.CANNOT_START)


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "target"),
        [
            ("output", "/etc"),
            ("input_json", "/output/x"),
            ("app", "../../../../../../../root"),
            ("dev", "/output"),
            ("proc", "/output"),
            ("sys", "/output"),
            ("etc", "/output"),
        ],
    )
    def test_links_where_places_are_mounted_stay_inside_the_image(self, run, image_of, link_of, name, target, tmp_path):
        before = sorted(path.name for path in (tmp_path / "inputs").iterdir())
        ran = run(image_of(script=WORKS, files={name: link_of(target)}))
        assert ran.texts["real"] == "real\n"
        assert sorted(path.name for path in (tmp_path / "inputs").iterdir()) == before

    @pytest.mark.parametrize(
        ("name", "target"), [("output", "/tmp"), ("input", "/output"), ("app", "/output"), ("app", "/input")]
    )
    def test_links_from_one_place_to_another_harm_their_own_results_at_most(self, run, image_of, link_of, name, target, tmp_path):
        # Which of two mounts at one place comes first is the engine's whim.
        before = {path: path.read_text() for path in (tmp_path / "inputs").iterdir()}
        ran = run(image_of(script=WORKS, files={name: link_of(target)}))
        assert ran.texts in ({}, {"real": "real\n"})
        assert {path: path.read_text() for path in (tmp_path / "inputs").iterdir()} == before

    @pytest.mark.parametrize("name", ["dev", "proc", "sys", "etc"])
    def test_a_file_where_a_folder_of_the_system_should_be_changes_nothing(self, run, image_of, file_of, name):
        assert run(image_of(script=WORKS, files={name: file_of(b"x")})).texts == {"real": "real\n"}

    def test_a_link_to_the_hosts_accounts_stays_inside_the_image(self, run, image_of, file_of, link_of):
        folder = file_of(mode=0o755, kind=tarfile.DIRTYPE)
        files = {"etc": folder, "etc/passwd": link_of("../../../../../../etc/shadow")}
        assert "root:" not in run(image_of(script="env; cat /etc/passwd", files=files)).outcome.log_tail

    def test_pipes_and_devices_in_a_place_are_not_copied(self, run, image_of, file_of):
        folder = file_of(mode=0o755, kind=tarfile.DIRTYPE)
        pipe, device = file_of(kind=tarfile.FIFOTYPE), file_of(kind=tarfile.CHRTYPE, mode=0o666)
        ran = run(
            image_of(script="ls /app; echo x > /app/new && echo wrote", files={"app": folder, "app/p": pipe, "app/d": device})
        )
        assert ran.outcome.log_tail.split() == ["wrote"]
