from __future__ import annotations

from collections.abc import Callable

import pytest

from sonobench_eval.io.strip.registry import NotStrippable, stripped


class TestStripped:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
    def test_the_format_is_told_by_the_first_bytes_and_stays(self, kind: str, saved: Callable[..., bytes]) -> None:
        assert stripped(saved(kind))[:2] == saved(kind)[:2]

    @pytest.mark.parametrize("data", [b"", b"GIF89a", b"II+\0\x08\0\0\0", b"\x89PNG"])
    def test_what_is_none_of_them_is_refused(self, data: bytes) -> None:
        with pytest.raises(NotStrippable, match=r"^is no PNG, JPEG, BMP, TIFF or NIfTI file$"):
            stripped(data)

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
    def test_a_file_that_is_cut_short_is_refused_at_every_length(self, kind: str, saved: Callable[..., bytes]) -> None:
        data = stripped(saved(kind))
        for length in range(8, len(data) - 1):
            with pytest.raises(NotStrippable, match=r"^is damaged"):
                stripped(data[:length])
