"""Output that is meant to break whoever reads it: names, links, holes, numbers."""

from __future__ import annotations

import pytest

from sonobench_eval.io.sources import TarResults

pytestmark = pytest.mark.docker


def readable(outcome) -> dict[str, bytes | None]:
    """What scoring would read of each entry, by the name it is listed under."""
    with TarResults(outcome.results) as source:
        return {entry.path: source.read(entry.path, 100) for entry in source.entries()}


class TestNames:
    def test_names_that_mean_something_elsewhere_are_only_names(self, run):
        names = [
            r"..\\..\\evil",
            "C:evil",
            "-rf",
            "~",
            "%2e%2e%2f",
            "a;rm",
            "'",
            '\\"',
            "*",
            "classification.json ",
            "=cmd",
            "\\033[31m",
            "\\302\\205",
        ]
        script = "cd /output; " + "; ".join(f"printf x > \"$(printf '{name}')\"" for name in names if "'" not in name)
        ran = run(script + "; echo real > real")
        assert ran.texts["real"] == "real\n"
        assert ran.outcome.result_files == len(names)
        assert not any(name.startswith(("/", "..")) and "/" in name for name in ran.members)

    def test_the_longest_names_in_unicode_that_overrides_direction(self, run):
        override = r"$(printf '\342\200\256%.0s' $(seq 85))"
        ran = run(f"cd /output; printf x > {override}; d=d$(printf '%0250d' 0); mkdir $d; printf y > $d/f")
        assert sorted(len(name.encode()) for name in ran.members) == [253, 255]

    def test_a_name_of_another_encoding_does_not_hide_the_rest(self, run):
        ran = run(
            r"""cd /output; for b in '\200' '\377\376' '\355\240\200'; do printf x > "$(printf $b)"; done; echo real > real"""
        )
        assert ran.texts["real"] == "real\n"
        assert readable(ran.outcome)["real"] == b"real\n"


class TestLinks:
    def test_links_to_inputs_secrets_and_each_other_are_never_followed(self, run):
        ran = run(
            "cd /output; ln -s /input/a.txt in; ln -s /proc/self/environ env; ln -s ../../../../../../etc/passwd up; "
            "ln -s loop loop; mkdir d; ln -s /etc d/etc; ln -s . d/self; echo real > real"
        )
        found = readable(ran.outcome)
        assert found.pop("real") == b"real\n"
        assert set(found) == {"in", "env", "up", "loop", "d/etc", "d/self"}
        assert set(found.values()) == {None}

    def test_a_thousand_hard_links_to_one_file_cost_one_file(self, run):
        ran = run("cd /output; dd if=/dev/zero of=a bs=1M count=2 2>/dev/null; for i in $(seq 900); do ln a l$i; done")
        assert ran.outcome.result_bytes == 2 * 2**20
        assert ran.outcome.results.stat().st_size < 4 * 2**20

    def test_a_pipe_somebody_reads_from_does_not_hold_up_the_reading(self, run):
        ran = run("cd /output; mkfifo p; (cat p >/dev/null &); echo real > real")
        assert ran.texts["real"] == "real\n"


class TestNumbers:
    def test_ten_thousand_files_are_read_where_that_many_are_allowed(self, run):
        ran = run("cd /output; i=0; while [ $i -lt 10000 ]; do : > f$i; i=$((i+1)); done", output_files=12_000)
        assert ran.outcome.result_files == 10_000
        assert not ran.outcome.output_too_many_files

    def test_folders_alone_use_up_the_inodes_and_are_told_as_too_many(self, run):
        ran = run("cd /output; i=0; while mkdir d$i 2>/dev/null; do i=$((i+1)); done; echo $i", output_files=10)
        assert int(ran.outcome.log_tail) < 1100
        assert ran.outcome.output_too_many_files

    def test_a_file_of_seven_exbibytes_of_nothing_is_not_stored(self, run):
        ran = run("/bin/busybox truncate -s 7000000000G /output/hole && stat -c %s /output/hole; echo real > /output/a")
        assert int(ran.outcome.log_tail) == 7_000_000_000 * 2**30
        assert ran.outcome.output_full
        assert ran.outcome.results.stat().st_size < 5 * 2**20
