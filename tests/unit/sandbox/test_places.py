"""Which folders of an image become writable, and what its HOME is."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.limits import ImageFacts
from sonobench_eval.sandbox.places import home_of, places_of, why_unfit
from sonobench_eval.sandbox.refusals import is_the_images_fault

TAKEN = ("/input/", "/input_json", "/output")
PASSWD = "root:x:0:0:root:/root:/bin/bash\nbroken line\nteam:x:500:500::/home/team:/bin/sh\nodd:x:7:7::relative:/bin/sh\n"


def image(home=None, user="", volumes=()):
    return ImageFacts("x", {} if home is None else {"HOME": home}, user, tuple(volumes))


class TestHomeOf:
    @pytest.mark.parametrize(
        ("home", "user", "expected"),
        [
            ("/myhome", "", "/myhome"),
            ("/my/../home//x/", "", "/home/x"),
            (None, "", "/root"),
            (None, "0:0", "/root"),
            (None, "team", "/home/team"),
            (None, "500:500", "/home/team"),
            (None, "nobody", "/tmp"),
            (None, "odd", "/tmp"),
            ("/", "", "/tmp"),
            ("relative", "", "/tmp"),
            ("/etc", "", "/tmp"),
            ("/proc/self", "", "/tmp"),
            ("/usr/bin", "", "/tmp"),
            ("/input", "", "/tmp"),
            ("/output/home", "", "/tmp"),
            ("/usr/src/app", "", "/usr/src/app"),
            ("/tmp", "", "/tmp"),
            ("/" + "x" * 256, "", "/tmp"),
            ("/é" + "é" * 127, "", "/tmp"),
            ("/x" * 600, "", "/tmp"),
        ],
    )
    def test_it_is_the_images_own_where_that_can_be_writable(self, home, user, expected):
        assert home_of(image(home, user), passwd=PASSWD, taken=TAKEN) == expected


class TestPlacesOf:
    def places(self, *, home="/myhome", writable=("/app",), volumes=()):
        return places_of(image(volumes=volumes), home=home, writable=writable, taken=TAKEN)

    def test_home_and_the_challenges_places(self):
        assert self.places() == ("/app", "/myhome")

    def test_the_same_place_counts_once(self):
        assert self.places(home="/app") == ("/app",)

    def test_a_place_inside_another_is_part_of_it(self):
        assert self.places(home="/app/home") == ("/app",)
        assert self.places(home="/app", writable=("/app/cache",)) == ("/app",)

    def test_a_declared_volume_has_its_own_place_wherever_it_lies(self):
        assert self.places(volumes=("/app/cache", "/data/")) == ("/app", "/data", "/myhome", "/app/cache")

    def test_a_declared_volume_above_a_place_takes_it_in(self):
        assert self.places(volumes=("/app",), writable=("/app/cache",)) == ("/app", "/myhome")

    def test_volumes_at_places_that_are_mounted_anyway_are_left_out(self):
        assert self.places(volumes=("/input", "/output/", "/tmp")) == ("/app", "/myhome")

    def test_a_volume_inside_output_is_covered(self):
        # Uncovered it would be a volume on the host's disk.
        assert "/output/deep" in self.places(volumes=("/output/deep",))

    def test_tmp_holds_what_lies_in_it(self):
        assert self.places(home="/tmp/home") == ("/app",)

    def test_system_folders_are_never_made_writable(self):
        assert self.places(home="/tmp", writable=("/usr", "/etc/x", "/app")) == ("/app",)


class TestWhyUnfit:
    def test_a_usual_image_is_fit(self):
        usual = ImageFacts("x", {"PATH": "/bin", "EMPTY": ""}, "team", ("/data", "/app/cache/"), "/app")
        assert why_unfit(usual) == ""

    @pytest.mark.parametrize(
        "path", ["/", "//", "/x/..", "/proc", "/proc/self", "/sys/", "/dev/shm", "", "relative", "/" + "a" * 256]
    )
    def test_volumes_that_no_engine_can_mount(self, path):
        assert "which cannot be one" in why_unfit(image(volumes=(path,)))

    def test_more_volumes_than_a_run_may_hold_in_memory(self):
        assert why_unfit(image(volumes=[f"/v{n}" for n in range(17)])).startswith("the image declares 17 volumes")

    @pytest.mark.parametrize("folder", ["relative", "/proc/self/fd/8", "/x/../proc/self/fd/7", "/dev/fd/8"])
    def test_working_folders_that_lead_out_of_the_image(self, folder):
        assert "working folder" in why_unfit(ImageFacts("x", {}, working_dir=folder))

    def test_a_variable_without_a_name(self):
        assert "without a name" in why_unfit(ImageFacts("x", {"": "x"}))

    def test_every_reason_is_one_that_teams_are_told_as_their_own(self):
        unfit = [
            image(volumes=("/",)),
            image(volumes=[f"/v{n}" for n in range(17)]),
            ImageFacts("x", {}, working_dir="x"),
            ImageFacts("x", {"": "x"}),
        ]
        assert all(is_the_images_fault(why_unfit(each)) for each in unfit)
