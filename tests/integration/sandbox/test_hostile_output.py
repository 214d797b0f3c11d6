"""What strangers leave in /output: links, pipes, odd names, deep folders. None of it reaches this machine's files."""

from __future__ import annotations

import tarfile

import pytest

from sonobench_eval.io.sources import TarResults

pytestmark = pytest.mark.docker


def kinds(outcome):
    with TarResults(outcome.results) as source:
        return {entry.path: entry.kind for entry in source.entries()}


class TestHostileOutput:
    def test_links_and_pipes_are_kept_as_headers(self, run):
        ran = run(
            "cd /output; ln -s /etc/shadow a.png; ln -s / folder; mkfifo pipe; echo x > real; ln real hard; "
            "ln -s /etc/passwd classification.json"
        )
        assert ran.outcome.exit_code == 0
        assert {n: m.type for n, m in ran.members.items()} == {
            "a.png": tarfile.SYMTYPE,
            "folder": tarfile.SYMTYPE,
            "pipe": tarfile.FIFOTYPE,
            "classification.json": tarfile.SYMTYPE,
            "hard": tarfile.REGTYPE,
            "real": tarfile.LNKTYPE,
        }
        assert all(member.size == 0 for member in ran.members.values() if not member.isreg())
        assert kinds(ran.outcome)["a.png"] == "link"

    def test_odd_names_survive_as_data(self, run):
        ran = run(
            r"""cd /output; printf x > "$(printf 'new\nline')"; printf x > "$(printf '\377\376')"; printf x > '-rf'"""
            "; mkdir ' '; printf x > ' /sp ace'"
        )
        assert len(ran.members) == 4
        assert "new\nline" in ran.members
        assert "b'\\xff\\xfe'" in {repr(name.encode("utf-8", "surrogateescape")) for name in ran.members}
        assert len(kinds(ran.outcome)) == 4

    def test_folders_deeper_than_a_path_can_be_long_do_not_hide_the_rest(self, run):
        # A folder of 3,600 characters is moved into another, twice: no single path in the script is too long.
        ran = run(
            "cd /output; echo x > first; echo x > last; n=$(printf '%0200d' 0); p=$n; i=1; "
            "while [ $i -lt 18 ]; do p=$p/$n; i=$((i+1)); done; "
            "mkdir -p a/$p b/$p c/$p; echo x > a/$p/deep; mv a b/$p/a && mv b c/$p/b && echo moved > moved"
        )
        assert set(ran.members) == {"first", "last", "moved"}

    def test_a_folder_nobody_may_read_is_read_anyway(self, run):
        assert run("mkdir /output/d; echo x > /output/d/f; chmod 000 /output/d/f /output/d").texts == {"d/f": "x\n"}
