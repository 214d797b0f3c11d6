"""Whatever is written by the rules comes back as it was; whatever is not never raises."""

from __future__ import annotations

import io
import json
from contextlib import suppress

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import dump_challenge, parse_challenge
from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task, UndefinedPolicy
from sonobench_eval.contract.class_entries import read_class_file
from sonobench_eval.contract.uusic25 import Uusic25
from sonobench_eval.io.images import read_mask_png
from sonobench_eval.io.sources import printable_name
from sonobench_eval.io.strict_json import StrictJsonError, loads, loads_marking

PATHS = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}|img|[a-z]img[a-z]", fullmatch=True), min_size=1, max_size=4).map("/".join)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp")), min_size=1, max_size=30
).filter(str.strip)
SLUGS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True) | st.sampled_from(
    ["NO", "null", "1", "0x1", "1e5", "007", "2025-01-01"]
)


class TestMaskPath:
    @given(PATHS)
    @example("img/img_img.png")
    @example("iimgmg/1.png")
    def test_it_is_pythons_replace_on_the_whole_path(self, path: str) -> None:
        mask = Uusic25().mask_path(Case(id=path, task="t", center="c"))
        assert mask == "mask".join(path.split("img"))

    @given(PATHS)
    def test_it_keeps_the_number_of_folders(self, path: str) -> None:
        mask = Uusic25().mask_path(Case(id=path, task="t", center="c"))
        assert mask.count("/") == path.count("/")


class TestMaskBytes:
    @given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1), st.integers(0, 9))
    def test_grey_values_written_are_grey_values_read(self, height: int, width: int, seed: int, level: int) -> None:
        array = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(array).save(out, "PNG", compress_level=level)
        assert np.array_equal(read_mask_png(out.getvalue(), expected=(height, width)).array, array)

    @given(st.binary(max_size=300))
    @example(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    def test_no_bytes_raise(self, data: bytes) -> None:
        assert read_mask_png(data, expected=(4, 4)).problem is not None

    @settings(max_examples=300)
    @given(st.integers(0, 10**6), st.integers(0, 255))
    def test_one_changed_byte_is_read_or_refused_but_never_raises(self, at: int, value: int) -> None:
        out = io.BytesIO()
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(out, "PNG")
        data = bytearray(out.getvalue())
        data[at % len(data)] = value
        read = read_mask_png(bytes(data), expected=(8, 8))
        assert (read.array is None) == (read.problem is not None)
        assert read.array is None or np.array_equal(read.array, np.arange(64).reshape(8, 8))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=20,
)


class TestJson:
    @given(JSON)
    def test_what_json_writes_comes_back(self, value: object) -> None:
        data = json.dumps(value).encode()
        assert loads(data, max_bytes=10**6) == value
        assert loads_marking(data, max_bytes=10**6) == value

    @given(st.binary(max_size=200))
    def test_no_bytes_raise_anything_but_the_one_error(self, data: bytes) -> None:
        with suppress(StrictJsonError):
            loads(data, max_bytes=100)

    @given(JSON)
    def test_no_json_value_makes_reading_a_class_raise_or_count_by_accident(self, value: object) -> None:
        task = Task(id="t", kind="binary", dataset_name="D", organ="O", classes=("a", "b"), metrics=(Metric(name="auc"),))
        case = Case(id="a/1.png", task="t", center="c")
        data = json.dumps({"a/1.png": value}).encode()
        found = read_class_file(data, [(case, task)], file="f", problem=None, policy=UndefinedPolicy())
        assert found.answers["a/1.png"].problem is not None


class TestPrintableName:
    @given(st.text(max_size=50))
    def test_it_is_printable_and_two_names_never_look_the_same(self, name: str) -> None:
        shown = printable_name(name)
        assert shown.isprintable()
        assert shown == name or "\\" in shown


@st.composite
def challenges(draw: st.DrawFn) -> Challenge:
    center, task = draw(SLUGS), draw(SLUGS)
    ids = draw(
        st.lists(
            PATHS.map(lambda path: f"c/{path}.png"), min_size=1, max_size=5, unique_by=lambda path: path.replace("img", "mask")
        )
    )
    size = st.floats(0.001, 50) | st.tuples(st.floats(0.001, 50), st.floats(0.001, 50))
    cases = tuple(
        Case(
            id=path,
            task=task,
            center=center,
            subject=draw(st.none() | TEXTS),
            pixel_size_mm=draw(st.none() | size),
            mask=f"m/{path}",
        )
        for path in ids
    )
    nsd = Metric(name="nsd", convention="pixel", tolerance=draw(st.floats(0, 1000)), unit="px")
    labels: dict[str, object] = {draw(TEXTS): draw(st.integers(1, 255))}
    return Challenge(
        sonobench=1,
        name=draw(SLUGS),
        title=draw(TEXTS),
        description=draw(TEXTS | st.just("two\nlines: yes")),
        truth=draw(st.sampled_from([None, "truth"])),
        centers=(Center(id=center, role="external", title=draw(st.none() | TEXTS)),),
        tasks=(Task(id=task, kind="segmentation", dataset_name=draw(TEXTS), organ=draw(TEXTS), labels=labels, metrics=(nsd,)),),  # type: ignore[arg-type]
        cases=cases,
    )


class TestChallenge:
    @given(challenges())
    def test_a_challenge_written_as_yaml_loads_to_an_equal_one_with_the_same_hash(self, challenge: Challenge) -> None:
        again = parse_challenge(dump_challenge(challenge), name="challenge.yaml")
        assert again == challenge
        assert challenge_hash(again) == challenge_hash(challenge)
