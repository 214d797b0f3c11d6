"""Runs of real images on a real engine."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.docker


class TestRun:
    def test_an_image_reads_its_inputs_and_leaves_results(self, run):
        ran = run("cat /input/a.txt /input_json > /output/seen; mkdir -p /output/x/y; echo hi > /output/x/y/z.txt")
        print(ran.outcome, ran.texts)
        assert ran.outcome.exit_code == 0
        assert ran.texts == {"seen": 'image a.txt["a.txt", "b.txt"]', "x/y/z.txt": "hi\n"}
