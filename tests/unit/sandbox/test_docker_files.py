"""Files on their way into a container and out of it: what is let through, counted, and refused."""

from __future__ import annotations

import tarfile

import pytest

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.docker_engine import fill
from sonobench_eval.sandbox.docker_engine.collect import _entry, _Tally
from sonobench_eval.sandbox.docker_engine.fill import Content, _count, _for_the_sandbox_user, refuse_odd_accounts
from sonobench_eval.sandbox.docker_engine.streams import ByteStream
from sonobench_eval.sandbox.links import way_to
from sonobench_eval.sandbox.port import ImageRefusedByEngine


def member(name, kind=tarfile.REGTYPE, **fields):
    made = tarfile.TarInfo(name)
    made.type = kind
    for field, value in fields.items():
        setattr(made, field, value)
    return made


class TestForTheSandboxUser:
    def test_roots_file_becomes_ours_and_loses_its_special_bits(self):
        ours = _for_the_sandbox_user(member("./a/run.sh", uid=0, gid=0, uname="root", mode=0o6511))
        assert (ours.uid, ours.gid, ours.uname, ours.mode) == (10001, 10001, "", 0o711)

    def test_a_closed_folder_opens_for_us(self):
        assert _for_the_sandbox_user(member("./d", tarfile.DIRTYPE, mode=0o500)).mode == 0o700

    def test_the_time_stays_because_compiled_files_carry_it(self):
        assert _for_the_sandbox_user(member("./m.py", mtime=1234)).mtime == 1234

    @pytest.mark.parametrize(
        "odd",
        [
            member(".", tarfile.DIRTYPE),
            member("./../x"),
            member("/x"),
            member("./null", tarfile.CHRTYPE),
            member("./disk", tarfile.BLKTYPE),
            member("./pipe", tarfile.FIFOTYPE),
        ],
    )
    def test_what_is_no_plain_part_of_the_place_is_left_out(self, odd):
        assert _for_the_sandbox_user(odd) is None


class TestCount:
    def test_files_count_in_whole_pages(self):
        members = [
            member(".", tarfile.DIRTYPE),
            member("a", size=1),
            member("b", size=4096),
            member("l", tarfile.SYMTYPE, size=0),
        ]
        assert _count(iter(members), limit_bytes=10**6, limit_files=99) == Content("folder", 8192, 4)

    def test_a_long_link_takes_a_page(self):
        links = [member("s", tarfile.SYMTYPE, linkname="x" * 31), member("l", tarfile.SYMTYPE, linkname="x" * 32)]
        assert _count(iter(links), limit_bytes=10**6, limit_files=99) == Content("folder", 4096, 2)

    def test_counting_stops_at_the_limit(self):
        endless = (member(str(n), size=4096) for n in range(10**9))
        assert _count(endless, limit_bytes=40960, limit_files=99) == Content("too_large", 45056, 11)

    def test_many_empty_files_are_too_many(self):
        endless = (member(str(n)) for n in range(10**9))
        assert _count(endless, limit_bytes=1, limit_files=99).kind == "too_large"


PLAIN, FOLDER, DEVICE, PIPE, SOCKET = 0o644, 1 << 31 | 0o755, 1 << 26 | 1 << 21, 1 << 25, 1 << 24


class TestRefuseOddAccounts:
    """Never on an engine: a start of some of these would read without end, as root on the host."""

    @pytest.fixture
    def look(self, monkeypatch):
        def refused(files, links=None):
            def path_stat(api, container_id, path):
                return {"mode": files[path], "size": 100, "linkTarget": ""} if path in files else None

            def way_in_image(api, container_id, path):
                return way_to(path, (links or {}).get)

            monkeypatch.setattr(fill, "path_stat", path_stat)
            monkeypatch.setattr(fill, "way_in_image", way_in_image)
            refuse_odd_accounts(None, "probe")

        return refused

    def test_plain_files_links_to_them_and_none_at_all_are_fine(self, look):
        look({"/etc/passwd": PLAIN, "/etc/group": PLAIN})
        look({"/usr/passwd": PLAIN}, {"/etc/passwd": "../usr/passwd"})
        look({})

    @pytest.mark.parametrize("name", ["/etc/passwd", "/etc/group"])
    @pytest.mark.parametrize("mode", [FOLDER, DEVICE, PIPE, SOCKET])
    def test_nodes_like_dev_zero_are_refused(self, look, name, mode):
        with pytest.raises(ImageRefusedByEngine, match=f"{name} that is not a plain small file"):
            look({name: mode})

    @pytest.mark.parametrize("name", ["/etc/passwd", "/etc/group"])
    @pytest.mark.parametrize("target", ["/dev/zero", "../dev/zero", "/proc/kmsg", "/sys/x", "/l", "/c", "/a/../dev/zero"])
    def test_links_to_what_only_the_container_has_are_refused(self, look, name, target):
        links = {"/l": "/proc/self/x", "/proc/self": "/ok", "/c": "c"}
        with pytest.raises(ImageRefusedByEngine, match=f"{name} that is not a plain small file"):
            look({}, links | {name: target})

    def test_a_link_to_a_device_of_the_image_is_refused(self, look):
        with pytest.raises(ImageRefusedByEngine, match="not a plain small file"):
            look({"/srv/zero": DEVICE}, {"/etc/group": "/srv/zero"})


class TestTally:
    LIMITS = Limits(output_bytes=10 * 4096 + 16 * 4096, output_files=3)

    def tally(self, *members):
        tally = _Tally(self.LIMITS)
        assert [tally.add(each) for each in members] == [True] * len(members)
        return tally.collected()

    def test_a_few_small_files_are_no_limit(self):
        collected = self.tally(member("a", size=10), member("b", size=20))
        assert (collected.files, collected.size_bytes, collected.bytes_full, collected.too_many) == (2, 30, False, False)

    def test_a_place_with_less_than_64_kib_left_is_full(self):
        assert not self.tally(member("a", size=10 * 4096)).bytes_full
        assert self.tally(member("a", size=10 * 4096 + 1)).bytes_full

    def test_one_file_more_than_declared_is_too_many(self):
        assert not self.tally(*(member(str(n)) for n in range(3))).too_many
        assert self.tally(*(member(str(n)) for n in range(4))).too_many

    def test_folders_count_as_inodes(self):
        assert self.tally(*(member(str(n), tarfile.DIRTYPE) for n in range(1020))).too_many

    def test_a_sparse_giant_ends_the_reading(self):
        tally = _Tally(self.LIMITS)
        assert tally.add(member("a", size=2**50)) is False
        assert tally.collected().bytes_full
        assert tally.collected().files == 0


class TestEntry:
    def test_the_output_folder_itself_is_cut_off(self):
        assert _entry(member("output/x/y.png", size=3)).name == "x/y.png"

    def test_folders_and_the_root_are_left_out(self):
        assert _entry(member("output", tarfile.DIRTYPE)) is None
        assert _entry(member("output/x", tarfile.DIRTYPE)) is None

    def test_a_link_is_a_header_without_a_body(self):
        entry = _entry(member("output/l", tarfile.SYMTYPE, linkname="/etc/shadow", size=99))
        assert (entry.type, entry.size, entry.linkname) == (tarfile.SYMTYPE, 0, "/etc/shadow")

    def test_nothing_of_the_writer_is_kept(self):
        entry = _entry(
            member("output/f", uid=7, gid=7, uname="me", mtime=99, mode=0o7777, pax_headers={"SCHILY.xattr.user.x": "y"})
        )
        assert (entry.uid, entry.gid, entry.uname, entry.mtime, entry.mode, entry.pax_headers) == (0, 0, "", 0, 0o644, {})


class TestByteStream:
    def test_chunks_of_any_size_read_as_one_file(self):
        stream = ByteStream(iter([b"ab", b"", b"cdef"]))
        assert [stream.read(3), stream.read(3), stream.read(3), stream.read(3)] == [b"ab", b"cde", b"f", b""]

    def test_whole_reads_span_chunks_and_end_with_the_stream(self):
        stream = ByteStream(iter([b"ab", b"cd", b"e"]))
        assert [stream.read_whole(3), stream.read_whole(9), stream.read_whole(1)] == [b"abc", b"de", b""]
