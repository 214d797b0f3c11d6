"""Takes a known amount of GPU memory for a known time:   python infra/gpu_program.py BYTES HOLD_MS

Says `ready` once it has a context, takes the memory when it reads a line, holds it, gives it back and ends. With 0 bytes
it is the control: a context that allocates nothing. Needs the CUDA driver and nothing else.
"""

from __future__ import annotations

import ctypes
import sys
import time

NO_CUDA = 69


class CudaTrouble(Exception):
    """A call of the CUDA driver failed."""


def main() -> None:
    size_bytes, hold_s = int(sys.argv[1]), int(sys.argv[2]) / 1000
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        make_context(driver)
        print("ready", flush=True)
        sys.stdin.readline()
        hold(driver, size_bytes, seconds=hold_s)
    except (OSError, CudaTrouble) as trouble:
        print(f"the CUDA driver cannot be used: {trouble}", file=sys.stderr)
        sys.exit(NO_CUDA)


def make_context(driver: ctypes.CDLL) -> None:
    """The first device's own context, made current. It lives until the process ends."""
    device, context = ctypes.c_int(), ctypes.c_void_p()
    call(driver, "cuInit", ctypes.c_uint(0))
    call(driver, "cuDeviceGet", ctypes.byref(device), ctypes.c_int(0))
    call(driver, "cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call(driver, "cuCtxSetCurrent", context)


def hold(driver: ctypes.CDLL, size_bytes: int, *, seconds: float) -> None:
    """Take the memory, hold it for at least so long, give it back."""
    address = ctypes.c_ulonglong()
    if size_bytes:
        call(driver, "cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size_bytes))
    time.sleep(seconds)
    if size_bytes:
        call(driver, "cuMemFree_v2", address)


def call(driver: ctypes.CDLL, name: str, *arguments: object) -> None:
    """Call a function of the driver.

    Raises:
        CudaTrouble: it returned something else than success.
    """
    code = getattr(driver, name)(*arguments)
    if code:
        raise CudaTrouble(f"{name} returned {code}")


if __name__ == "__main__":
    main()
