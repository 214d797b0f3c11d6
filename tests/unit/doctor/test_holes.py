from __future__ import annotations

import pytest

from sonobench_eval.doctor.holes import CONTAINERD, ENGINE, RUNC, is_distributions_own, known_holes, release_of


class TestReleaseOf:
    @pytest.mark.parametrize(
        ("version", "release"),
        [
            ("1.2.8", (1, 2, 8)),
            ("v1.7.29", (1, 7, 29)),
            ("28.5", (28, 5, 0)),
            ("1.1.5+ds1-1+deb12u1", (1, 1, 5)),
            ("1.3.3-rc.1", (1, 3, 2)),  # a candidate may lack what its release mended
            ("1.0.0-rc95", (1, 0, -1)),
            ("2.0.0-beta.1", (2, 0, -1)),
            ("", None),
            ("b9ee9c6314599f1b4a7f497e1f1f856fe433d3b7", None),
        ],
    )
    def test_versions_as_engines_write_them(self, version: str, release: tuple[int, int, int] | None) -> None:
        assert release_of(version) == release


class TestKnownHoles:
    @pytest.mark.parametrize(
        ("version", "newest", "count"),
        [
            ("1.1.11", "CVE-2025-52881", 5),
            ("1.1.12", "CVE-2025-52881", 4),
            ("1.1.15", "CVE-2025-52881", 3),  # the three of November 2025 were never mended in 1.1
            ("1.2.7", "CVE-2025-52881", 3),
            ("1.2.8", "", 0),
            ("1.3.2", "CVE-2025-52881", 3),
            ("1.3.3", "", 0),
            ("1.4.0", "", 0),
        ],
    )
    def test_runc(self, version: str, newest: str, count: int) -> None:
        holes = known_holes(RUNC, version)
        assert len(holes) == count
        assert (holes[-1].name if holes else "") == newest

    @pytest.mark.parametrize(
        ("version", "open_"), [("1.6.37", 2), ("1.6.38", 1), ("1.7.28", 1), ("1.7.29", 0), ("2.0.7", 0), ("2.2.0", 0)]
    )
    def test_containerd(self, version: str, open_: int) -> None:
        assert len(known_holes(CONTAINERD, version)) == open_

    def test_the_engine_of_debian_12_is_newer_than_what_is_listed(self) -> None:
        assert known_holes(ENGINE, "20.10.24+dfsg1") == ()

    def test_a_version_that_cannot_be_read_is_as_good_as_an_old_one(self) -> None:
        assert known_holes(RUNC, "b9ee9c63") == RUNC

    def test_each_says_what_mends_it(self) -> None:
        assert RUNC[-1].cure == "1.2.8 or 1.3.3"


class TestIsDistributionsOwn:
    @pytest.mark.parametrize(
        "version", ["1.1.5+ds1-1+deb12u1", "1.1.7-0ubuntu1~22.04.2", "1.6.20~ds1-1+deb12u3", "20.10.24+dfsg1"]
    )
    def test_numbers_with_a_distributions_mark(self, version: str) -> None:
        assert is_distributions_own(version)

    @pytest.mark.parametrize("version", ["1.2.8", "v1.7.29", "1.3.3-rc.1", "28.5.2", "1.1.12-0-g51d5e946", "1.0.0-rc95"])
    def test_numbers_of_the_projects_themselves(self, version: str) -> None:
        assert not is_distributions_own(version)
