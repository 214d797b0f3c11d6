"""What the NVIDIA Container Toolkit prints, and what is known against which version of it."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.gpu_toolkit import ToolkitVersion, installed_toolkit, known_holes, parse_toolkit_version


def names(version):
    return [hole.split(":")[0] for hole in known_holes(version)]


class TestParseToolkitVersion:
    @pytest.mark.parametrize(
        ("said", "version"),
        [
            # nvidia-ctk --version, of toolkit 1.12.0
            ("NVIDIA Container Toolkit CLI version 1.12.0\ncommit: 62bd015475656ef795cb0d59cc4030a6bd4a9526\n", (1, 12, 0)),
            # nvidia-container-cli --version, on a Jetson with an older library beside it
            ("cli-version: 1.13.5\nlib-version: 0.11.0+jetpack\nbuild date: 2023-07-18T11:40+00:00\n", (1, 13, 5)),
            ("NVIDIA Container Runtime version 1.17.8\ncommit: f202b80a9b9d0db00d9b1d73c0128c8962c55f4d\n", (1, 17, 8)),
        ],
    )
    def test_it_is_read_from_what_the_programs_print(self, said, version):
        assert parse_toolkit_version(said) == (*version, "")

    def test_a_candidate_is_told_from_its_release(self):
        assert str(parse_toolkit_version("NVIDIA Container Toolkit CLI version 1.18.0-rc.6")) == "1.18.0-rc.6"

    @pytest.mark.parametrize("said", ["", "command not found", "version 1.17"])
    def test_nonsense_has_no_version(self, said):
        assert parse_toolkit_version(said) is None


class TestKnownHoles:
    @pytest.mark.parametrize(
        ("version", "first"),
        [("1.16.1", "CVE-2024-0132"), ("1.16.2", "CVE-2025-23359"), ("1.17.3", "CVE-2025-23359"), ("1.17.4", "CVE-2025-23266")],
    )
    def test_each_release_still_has_those_that_were_mended_after_it(self, version, first):
        assert names(version)[0] == first

    def test_what_reaches_beyond_1_17_7_is_named_for_it(self):
        assert names("1.17.7") == ["CVE-2025-23266", "CVE-2025-23267", "CVE-2026-24260"]
        assert names("1.17.8") == ["CVE-2026-24260"]

    def test_nothing_is_known_against_a_release_that_mends_them_all(self):
        assert known_holes(ToolkitVersion(1, 19, 1)) == ()
        assert known_holes("1.20.0") == ()

    def test_a_candidate_counts_as_older_than_its_release(self):
        assert "CVE-2025-23266" in names("1.17.8-rc.1")

    @pytest.mark.parametrize("version", [None, "unknown"])
    def test_a_version_that_cannot_be_read_has_them_all(self, version):
        assert len(known_holes(version)) == 5

    def test_each_sentence_names_the_release_that_mends_it(self):
        assert known_holes("1.17.8") == (
            "CVE-2026-24260: a file that is changed between check and use can run code on the host; mended in 1.19.1",
        )


class TestInstalledToolkit:
    def test_it_is_asked_of_the_program_on_the_path(self, tmp_path, monkeypatch):
        program = tmp_path / "nvidia-ctk"
        program.write_text("#!/bin/sh\necho NVIDIA Container Toolkit CLI version 1.17.8\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert installed_toolkit() == (1, 17, 8, "")

    def test_the_older_program_serves_where_the_newer_one_fails(self, tmp_path, monkeypatch):
        for name, script in (("nvidia-ctk", "exit 1"), ("nvidia-container-cli", "echo cli-version: 1.13.5")):
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert installed_toolkit() == (1, 13, 5, "")

    def test_a_node_without_a_toolkit_has_none(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        assert installed_toolkit() is None
