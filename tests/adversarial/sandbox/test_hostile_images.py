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
        ("name", "target"),
        [
            ("output", "/etc"),
            ("output", "/tmp"),
            ("input_json", "/output/x"),
            ("input", "../../etc"),
            ("tmp", "/proc"),
            ("sbin", "/input"),
            ("sbin", "/proc"),
            ("sbin", "/dev"),
            ("sbin", "/data/x/../../dev"),
        ],
    )
    def test_links_where_the_engine_mounts_for_the_run_are_the_teams(self, run, image_of, link_of, name, target):
        failure = failure_of(run(image_of(script=WORKS, files={name: link_of(target)})).outcome)
        assert (failure.blame, failure.category) == (Blame.PARTICIPANT, Category.CANNOT_START)

    @pytest.mark.parametrize("target", ["/output", "/input", "/tmp", "/", "/proc", "/proc/self/root/dev", "/etc", "app"])
    def test_a_place_that_leads_where_nothing_may_be_writable_is_left_alone(self, run, image_of, link_of, target):
        ran = run(image_of(script=WORKS, files={"app": link_of(target)}))
        assert ran.texts == {"real": "real\n"}
        assert ran.outcome.notes == ("/app of the image leads to where nothing may be writable, so it was left as it is.",)

    def test_a_place_that_is_a_link_is_writable_where_it_leads(self, run, image_of, link_of, file_of):
        folder = file_of(mode=0o755, kind=tarfile.DIRTYPE)
        files = {"srv": folder, "srv/f": file_of(b"of the image"), "app": link_of("h/l"), "h": folder, "h/l": link_of("../srv")}
        ran = run(image_of(script="cat /app/f > /app/new && cat /srv/new > /output/new", files=files))
        assert ran.texts == {"new": "of the image"}

    def test_a_system_of_links_as_distributions_have_it_runs(self, run, image_of, link_of, file_of):
        folder = file_of(mode=0o755, kind=tarfile.DIRTYPE)
        files = {"usr": folder, "usr/sbin": folder, "sbin": link_of("usr/sbin"), "run": folder, "var": folder}
        image = image_of(
            files=files | {"var/run": link_of("/run")}, config={"Volumes": {"/var/run/x": {}}, "WorkingDir": "/var/run"}
        )
        image.script = "echo x > /run/x/f; cat /var/run/x/f > /output/f; pwd > /output/pwd"
        assert run(image).texts == {"f": "x\n", "pwd": "/run\n"}


OF_DEV = (
    "exec 2>/dev/null; ls -ldn /dev; ls -ln /dev/null; [ -e /nothing ] && echo made; echo x > /dev/own && echo wrote; "
    "echo real > /output/real"
)


class TestTheDevicesOfARun:
    """What is mounted over /dev is what the runtime works in, as root: `dev/null -> /nothing` was a way to unmask files."""

    @pytest.fixture
    def devices(self, link_of, file_of):
        def files(**links):
            folder = file_of(mode=0o755, kind=tarfile.DIRTYPE)
            made = {"dev": folder, "dev/null": link_of("/nothing"), "data": folder}
            return made | {name.replace("_", "/"): link_of(target) for name, target in links.items()}

        return files

    def is_untouched(self, ran):
        dev, null, *rest = ran.outcome.log_tail.splitlines()
        assert dev.split()[2:4] == ["0", "0"]
        assert null.startswith("c")
        assert not {"made", "wrote"} & set(rest)
        assert ran.texts == {"real": "real\n"}

    @pytest.mark.parametrize("target", ["/dev", "dev", "/sys", "../../dev", "/data/dev", "/data/none/../../dev"])
    def test_no_place_is_put_over_them(self, run, image_of, devices, target):
        ran = run(image_of(OF_DEV, devices(app=target, data_dev="../dev")))
        self.is_untouched(ran)
        assert len(ran.outcome.notes) == 1

    @pytest.mark.parametrize("home", ["/home", "/home/inside", "/app/inside"])
    def test_no_home_is_put_over_them(self, run, image_of, devices, home):
        self.is_untouched(run(image_of(OF_DEV, devices(home="/dev", app="/dev"), {"Env": [f"HOME={home}"]})))

    @pytest.mark.parametrize("volume", ["/vol", "/vol/shm", "/data/dev/", "/data/none"])
    def test_a_volume_over_them_is_the_teams(self, run, image_of, devices, volume):
        files = devices(vol="/dev", data_dev="/vol", data_none="/data/x/../../dev")
        failure = failure_of(run(image_of(OF_DEV, files, {"Volumes": {volume: {}}})).outcome)
        assert (failure.blame, failure.category) == (Blame.PARTICIPANT, Category.CANNOT_START)


class TestOddFiles:
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


class TestRefusalsThatNobodyKnows:
    """Each made an engine speak words that no list had: another image is tried, and the team is told, not the node blamed."""

    def is_the_teams(self, ran):
        failure = failure_of(ran.outcome)
        assert (failure.blame, failure.category) == (Blame.PARTICIPANT, Category.CANNOT_START)
        assert ran.outcome.started_at is None

    @pytest.mark.parametrize(
        ("name", "kind", "target"),
        [
            ("sbin", tarfile.REGTYPE, ""),
            ("sbin/docker-init", tarfile.DIRTYPE, ""),
            ("sbin", tarfile.SYMTYPE, "/output"),
            ("sbin", tarfile.SYMTYPE, "/tmp"),
            ("input", tarfile.REGTYPE, ""),
            ("input", tarfile.SYMTYPE, "../../etc"),
            ("input_json", tarfile.DIRTYPE, ""),
            ("output", tarfile.REGTYPE, ""),
            ("tmp", tarfile.REGTYPE, ""),
            ("tmp", tarfile.SYMTYPE, "/proc"),
            ("etc/passwd", tarfile.SYMTYPE, "passwd"),
            ("etc/group", tarfile.SYMTYPE, "/bin/busybox/x"),
        ],
    )
    def test_odd_things_where_the_engine_works(self, run, image_of, file_of, name, kind, target):
        mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
        files = {name.split("/")[0]: file_of(mode=0o755, kind=tarfile.DIRTYPE)} if "/" in name else {}
        self.is_the_teams(run(image_of(script=WORKS, files={**files, name: file_of(mode=mode, kind=kind, link=target)})))

    @pytest.mark.parametrize(
        "settings",
        [
            {"WorkingDir": "/input/sub"},
            {"WorkingDir": "/bin/busybox/x"},
            {"WorkingDir": "/bin/busybox/no space left on device"},
            {"WorkingDir": "/bin/busybox/docker-init"},
            {"Env": ["A=b\0c"]},
        ],
    )
    def test_settings_that_no_container_can_have(self, run, image_of, settings):
        self.is_the_teams(run(image_of(script=WORKS, config=settings)))

    def test_a_place_whose_files_cannot_be_copied(self, run, image_of, file_of):
        # The pipe is left out of the copy, and then its other name leads to nothing.
        folder, pipe = file_of(mode=0o755, kind=tarfile.DIRTYPE), file_of(kind=tarfile.FIFOTYPE)
        files = {"app": folder, "app/a": pipe, "app/b": file_of(kind=tarfile.LNKTYPE, link="app/a")}
        self.is_the_teams(run(image_of(script=WORKS, files=files)))
