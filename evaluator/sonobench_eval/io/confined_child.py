"""The confined child that decodes strangers' images: reads a request, answers it, and can do nothing else.

Started by `confined_running.py` as `python -I -m sonobench_eval.io.confined_child <descriptor> <bytes>` with two pipes, an
environment that says nothing but "one thread", and the memory it shares with its parent, whose descriptor it closes once
it is mapped. Before it reads a byte it gives up what it can (`confinement.py`) and reports to the parent what that was.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
import zlib

import numpy as np
import numpy.typing as npt

from sonobench_eval.io.confined_wire import NO_AFFINE, READY, REPLY, REQUEST, Job, Status
from sonobench_eval.io.confinement import confine
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.labels import Labels
from sonobench_eval.io.nifti import decode_nifti
from sonobench_eval.io.png import decode_grey
from sonobench_eval.io.refused import ImageRefused
from sonobench_eval.io.tiff import decode_tiff, decode_tiff_volume

Memory = npt.NDArray[np.uint8]

_STATUS = {FindingCode.WRONG_SIZE: Status.WRONG_SIZE, FindingCode.NOT_WHOLE_NUMBERS: Status.NOT_WHOLE_NUMBERS}
_LONGEST_MESSAGE_BYTES = 150


def main() -> None:
    """Map the shared memory, confine this process, say so, and answer requests until the pipe closes."""
    descriptor, size = (int(each) for each in sys.argv[1:])
    memory = mapped(descriptor, size)
    warm_up()
    _send(READY.pack(" ".join(confine(shared_bytes=size)).encode()))
    while True:
        _send(answer(memory, _receive(REQUEST.size)))


def mapped(descriptor: int, size: int) -> Memory:
    """The shared memory. Not by `mmap`, which would keep a descriptor of it open."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    os.close(descriptor)
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))


def answer(memory: Memory, request: bytes) -> bytes:
    """Decode one file; never raises for what is in it."""
    job, planes, rows, columns, out_at, out_bytes, data_at, data_bytes = REQUEST.unpack(request)
    out, data = memory[out_at : out_at + out_bytes], memory[data_at : data_at + data_bytes].data
    try:
        return _decoded(Job(job), data, out, (planes, rows, columns))
    except ImageRefused as refused:
        return _refused(_STATUS.get(refused.code, Status.UNREADABLE), str(refused))
    except MemoryError:
        return _refused(Status.UNREADABLE, "it needs too much memory")


def _decoded(job: Job, data: memoryview, out: Memory, shape: tuple[int, int, int]) -> bytes:
    if job in {Job.PNG, Job.TIFF}:
        decode = decode_grey if job is Job.PNG else decode_tiff
        image = decode(data, height=shape[1], width=shape[2], out=out.reshape(shape[1:]))
        return REPLY.pack(Status.DECODED, image.coloured, 1, 0, *NO_AFFINE, b"")
    if job is Job.TIFF_VOLUME:
        return _labels(decode_tiff_volume(data, shape=shape, room=out), NO_AFFINE)
    labels, affine = decode_nifti(data, shape=shape, room=out)
    return _labels(labels, tuple(affine[:3].ravel().tolist()))


def _labels(labels: Labels, affine: tuple[float, ...]) -> bytes:
    return REPLY.pack(Status.DECODED, 0, labels.itemsize, 0, *affine, b"")


def _refused(status: Status, message: str) -> bytes:
    said = message.encode()[:_LONGEST_MESSAGE_BYTES]
    return REPLY.pack(status, 0, 0, len(said), *NO_AFFINE, said)


def warm_up() -> None:
    """Decode one image of each kind, so that nothing has to be imported once files can no longer be opened."""
    room = np.zeros(2**12, np.uint8)
    for colour, samples in ((0, 1), (2, 3), (3, 1), (4, 2), (6, 4)):
        _try(room, Job.PNG, _tiny_png(colour=colour, samples=samples))
    for compression in (1, 5, 8, 32773):
        _try(room, Job.TIFF, _tiny_tiff(compression))
        _try(room, Job.TIFF_VOLUME, _tiny_tiff(compression))
    for job in Job:
        _try(room, job, b"")
        _try(room, job, b"\x1f\x8b")


def _try(room: Memory, job: Job, data: bytes) -> None:
    room[64 : 64 + len(data)] = np.frombuffer(data, np.uint8)
    answer(room, REQUEST.pack(job, 1, 1, 1, 0, 1 if job in {Job.PNG, Job.TIFF} else 4, 64, len(data)))


def _tiny_png(*, colour: int, samples: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    palette = chunk(b"PLTE", bytes(3)) if colour == 3 else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1 + samples)))
    return b"\x89PNG\r\n\x1a\n" + header + palette + pixels + chunk(b"IEND", b"")


def _tiny_tiff(compression: int) -> bytes:
    """One grey pixel behind a directory of ten entries; its compressed data may be nonsense, its decoder is loaded."""
    fields = {256: 1, 257: 1, 258: 8, 259: compression, 262: 1, 273: 8, 277: 1, 278: 1, 279: 2, 284: 1}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    return struct.pack("<2sHI2s6xH", b"II", 42, 16, b"\0\0", len(fields)) + entries + bytes(4)


def _receive(size: int) -> bytes:
    """Exactly `size` bytes; ends this process where the parent has gone."""
    parts, left = [], size
    while left:
        part = os.read(0, left)
        if not part:
            sys.exit(0)
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _send(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    main()
