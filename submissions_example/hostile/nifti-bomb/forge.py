"""A NIfTI volume whose header asks for 32767 x 32767 x 32767 voxels."""

import gzip
import struct


def upload(kit):
    header = bytearray(352)
    struct.pack_into("<i8h", header, 0, 348, *(0,) * 8)
    struct.pack_into("<8h", header, 40, 3, 32767, 32767, 32767, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 64, 64)
    header[344:348] = b"n+1\0"
    return kit.image({"payload": kit.tools.File(gzip.compress(bytes(header) + bytes(2**20), mtime=0))}).tar()
