"""Where paths of an image lead, and which of them an image may lead elsewhere."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.limits import ImageFacts
from sonobench_eval.sandbox.links import Way, way_to
from sonobench_eval.sandbox.places import paths_to_follow, place_led_to, why_astray
from sonobench_eval.sandbox.refusals import is_the_images_fault

TAKEN = ("/input/", "/input_json", "/output")


def way(path, **links):
    """Links by their path, with `__` for `/`."""
    return way_to(path, {"/" + name.replace("__", "/"): target for name, target in links.items()}.get)


class TestWayTo:
    @pytest.mark.parametrize(
        ("links", "end"),
        [
            ({}, "/app/x"),
            ({"app": "/srv"}, "/srv/x"),
            ({"app": "srv/./a//"}, "/srv/a/x"),
            ({"app": "../../../etc"}, "/etc/x"),
            ({"app": "/"}, "/x"),
            ({"app": "b", "b": "/c", "c__x": "d"}, "/c/d"),
            ({"app__x": "../dev"}, "/dev"),
        ],
    )
    def test_links_are_followed_inside_the_image(self, links, end):
        assert way("/app/x", **links).path == end

    def test_every_folder_on_the_way_is_known(self):
        found = way("/app/x", app="/proc/self", proc__self="/ok/root")
        assert found == Way("/ok/root/x", ("/proc", "/ok", "/ok/root"))
        assert found.leads_into(["/proc"])
        assert not found.leads_into(["/pro", "/ok/root/x/y"])

    @pytest.mark.parametrize(
        "links", [{"app": "app"}, {"app": "/b", "b": "/app/x"}, {"app": "a/../b"}, {"app": "../a/.."}, {"app": "/a/./../b"}]
    )
    def test_circles_and_links_that_go_back_lead_nowhere(self, links):
        assert way("/app/x", **links) is None

    def test_no_more_links_are_followed_than_linux_follows(self):
        chain = {f"l{number}": f"l{number + 1}" for number in range(41)}
        assert way("/l1", **chain).path == "/l41"
        assert way("/l0", **chain) is None


class TestPlaceLedTo:
    @pytest.mark.parametrize(
        "end", ["/", "/dev", "/dev/shm", "/proc/self", "/sys", "/etc", "/usr", "/tmp", "/output/x", "/input"]
    )
    def test_nothing_of_the_system_or_the_run_becomes_writable(self, end):
        assert place_led_to(Way(end), taken=TAKEN) is None

    def test_a_folder_of_the_image_does(self):
        assert place_led_to(Way("/srv/app"), taken=TAKEN) == "/srv/app"

    def test_nowhere_does_not(self):
        assert place_led_to(None, taken=TAKEN) is None


class TestWhyAstray:
    def astray(self, *, working_dir="", volumes=(), **links):
        image = ImageFacts("x", {}, "", tuple(volumes), working_dir)
        ways = {path: way(path, **links) for path in paths_to_follow(image, taken=TAKEN)}
        why = why_astray(image, ways, taken=TAKEN)
        assert is_the_images_fault(why) or not why
        return why

    def test_links_that_distributions_have_are_fine(self):
        volumes, links = (
            ("/var/run/x", "/output/deep", "/tmp/x", "/input"),
            {"sbin": "usr/sbin", "bin": "usr/bin", "var__run": "/run"},
        )
        assert self.astray(volumes=volumes, working_dir="/app", **links, app="/srv/app") == ""

    @pytest.mark.parametrize("name", ["dev", "proc", "sys", "tmp", "input", "input_json", "output"])
    def test_what_is_mounted_for_the_run_may_not_be_a_link(self, name):
        assert f"on the way to /{name}," in self.astray(**{name: "/srv"})

    @pytest.mark.parametrize("target", ["/dev", "/proc/self", "/tmp/sbin", "/input", "/output", "sbin", "x/../y"])
    def test_the_engines_own_program_stays_where_it_is(self, target):
        assert "/sbin/docker-init" in self.astray(sbin=target)

    @pytest.mark.parametrize("target", ["/dev", "/", "/output/x", "/x", "/tmp"])
    def test_a_volume_may_not_lead_over_anything_of_the_run(self, target):
        assert "'/v', which cannot be one" in self.astray(
            volumes=("/v",), v=target, x="/proc/self/root/srv", proc__self__root="/"
        )

    def test_a_working_folder_may_not_lead_through_the_kernels(self):
        assert "working folder" in self.astray(working_dir="/w/x", w="/l", l="/proc/self/fd/8")
        assert self.astray(working_dir="/w/x", w="/output") == ""
