from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.labels import LabelSink
from sonobench_eval.io.refused import ImageRefused


def kept(*parts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    sink = LabelSink(sum(len(part) for part in parts))
    for part in parts:
        sink.take(part)
    return sink.labels()


class TestLabelSink:
    @pytest.mark.parametrize("kind", ["u1", "i1", ">i2", "<u2", "i4", ">u4", "i8", "u8", "f4", ">f8"])
    def test_every_type_of_whole_numbers_becomes_the_smallest_that_holds_them(self, kind: str) -> None:
        labels = kept(np.array([0, 3, 127]).astype(kind))
        assert labels.dtype == np.uint8
        assert labels.tolist() == [0, 3, 127]

    @pytest.mark.parametrize(("value", "kind"), [(255, "u1"), (256, "u2"), (65_535, "u2"), (65_536, "u4"), (2**32 - 1, "u4")])
    @pytest.mark.parametrize("stored", ["i8", "u8", "f8"])
    def test_the_type_grows_with_the_labels_and_keeps_what_was_taken(self, value: int, kind: str, stored: str) -> None:
        labels = kept(np.array([1, 2], np.uint8), np.array([value]).astype(stored), np.array([7], np.uint8))
        assert labels.dtype == np.dtype(kind)
        assert labels.tolist() == [1, 2, value, 7]

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (np.array([0.0, np.nan]), "NaN or infinity"),
            (np.array([1, np.inf], np.float32), "NaN or infinity"),
            (np.array([0, 0.25]), "fractions such as 0.25"),
            (np.array([1, -3], np.int16), "negative values such as -3"),
            (np.array([-1.0]), "negative values such as -1"),
            (np.array([2**32], np.int64), r"values as large as 4\.29497e\+09"),
            (np.array([2**64 - 1], np.uint64), r"values as large as 1\.84467e\+19"),
            (np.array([1e300]), r"values as large as 1e\+300"),
        ],
    )
    def test_what_is_no_label_is_refused_with_an_example(self, values: np.ndarray[Any, Any], words: str) -> None:
        with pytest.raises(ImageRefused, match=words) as caught:
            kept(values)
        assert caught.value.code is FindingCode.NOT_WHOLE_NUMBERS

    def test_too_many_values_and_too_few_are_damage(self) -> None:
        with pytest.raises(ImageRefused, match="more values"):
            LabelSink(1).take(np.zeros(2, np.uint8))
        with pytest.raises(ImageRefused, match="cut short"):
            LabelSink(1).labels()
