"""Mask files of a container, read and decoded: one when it is asked for, or many ahead of their turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.port import ImageSize
from sonobench_eval.contract.result_tree import FileRead, ResultTree
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import (
    Decoder,
    MaskForm,
    MaskRead,
    MaskRequest,
    VolumeForm,
    VolumeRequest,
    max_mask_bytes,
    max_volume_bytes,
)
from sonobench_eval.io.volumes import Geometry, VolumeRead

VOLUMES = (".nii.gz", ".nii")
IMAGE_MASKS = (".png", ".tif", ".tiff")
VOLUME_MASKS = (*VOLUMES, ".tif", ".tiff")
"""Formats in which masks of images and of volumes are read, by the ending of their path."""

Read = MaskRead | VolumeRead


def is_volume(case: Case) -> bool:
    """True where a case's image is a volume, which its format says."""
    return case.id.lower().endswith(VOLUMES)


class MaskFiles:
    """Where the masks of cases are, and what decodes them. A case's image says how large its mask must be, and where."""

    def __init__(self, tree: ResultTree, decoder: Decoder, *, path_of: Callable[[Case], str], image_size: ImageSize) -> None:
        self._tree, self._decoder, self._path_of, self._image_size = tree, decoder, path_of, image_size

    def read(self, case: Case) -> Read:
        """The mask of one case."""
        if is_volume(case):
            volume = self._volume(case)
            if isinstance(volume, VolumeRead):
                return volume
            return self._decoder.decode_volume(volume.data, expected=volume.expected, form=volume.form)
        mask = self._mask(case)
        return mask if isinstance(mask, MaskRead) else self._decoder.decode(mask.data, expected=mask.expected, form=mask.form)

    def read_ahead(self, cases: Iterable[Case]) -> Iterator[Read]:
        """The masks of cases in their order, decoded while earlier ones are still looked at."""
        for volumes, alike in groupby(cases, key=is_volume):
            if volumes:
                yield from self._decoder.decode_volume_stream(self._volume(case) for case in alike)
            else:
                yield from self._decoder.decode_stream(self._mask(case) for case in alike)

    def _mask(self, case: Case) -> MaskRequest | MaskRead:
        size, path = self._image_size(case), self._path_of(case)
        if isinstance(size, Geometry):
            raise TypeError(f"case {case.id}: its image is no volume, but has the size of one")
        form: MaskForm = "png" if path.lower().endswith(".png") else "tiff"
        read = self._file(path, max_mask_bytes(size, form))
        return MaskRead(None, read.problem, _why(read)) if read.data is None else MaskRequest(read.data, size, form)

    def _volume(self, case: Case) -> VolumeRequest | VolumeRead:
        size, path = self._image_size(case), self._path_of(case)
        if not isinstance(size, Geometry):
            raise TypeError(f"case {case.id}: its image is a volume, but has the size of a flat one")
        form: VolumeForm = "nifti" if path.lower().endswith(VOLUMES) else "tiff"
        read = self._file(path, max_volume_bytes(size.shape, form))
        return VolumeRead(None, None, read.problem, _why(read)) if read.data is None else VolumeRequest(read.data, size, form)

    def _file(self, path: str, max_bytes: int) -> FileRead:
        return self._tree.read(path, max_bytes, unreadable=FindingCode.UNREADABLE_IMAGE)


def _why(read: FileRead) -> str:
    return "the file cannot be read" if read.problem is FindingCode.UNREADABLE_IMAGE else ""
