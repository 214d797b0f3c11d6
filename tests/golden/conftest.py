"""The folder of real images that golden tests compare on. It lies beside the checkout and is never part of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "uusic_mini"


@pytest.fixture(scope="session")
def real_data() -> Path:
    named = os.environ.get("SONOBENCH_TEST_DATA")
    folder = Path(named) if named else BESIDE_THE_CHECKOUT
    if named and not (folder / "reference.json").is_file():
        pytest.fail(f"SONOBENCH_TEST_DATA names {folder}, but there is no reference.json in it")
    if not folder.is_dir():
        pytest.skip("there are no real images here; SONOBENCH_TEST_DATA names their folder")
    return folder
