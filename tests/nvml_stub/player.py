"""Runs the real meter on the real nvidia-ml-py on the stub library: one request per line on stdin, one answer on stdout.

A process of its own, because the library is found by its name through LD_LIBRARY_PATH, once per process.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pynvml

from sonobench_eval.meter import gpu_exclusive
from sonobench_eval.meter.gpu_memory import GpuMemoryMeter
from sonobench_eval.meter.gpu_owner import container_owner
from sonobench_eval.meter.gpu_place import gpu_facts

GIVES_UP_AFTER_S = 20.0
LIBRARY = ctypes.CDLL("libnvidia-ml.so.1")
LIBRARY.stub_now_ms.restype = ctypes.c_long


def measure(*, uuid, until_ms, exclusive, strangers, untold, container, began_ms, played):
    """Measure from the script's begin until its `until_ms`. Its clock is the meter's where time is played."""
    gpu_exclusive.EMPTY_WITHIN_S = 0.2
    how = {"interval_s": 0.0002, "clock": played_clock} if played else {}
    meter = GpuMemoryMeter(uuid, nvml=pynvml, exclusive=exclusive, **how)
    meter._sampler._take = looking_until(until_ms, meter, began_ms=began_ms) if played else meter._sampler._take
    meter.owner = container_owner(container) if container else lambda pid: None if untold else pid not in strangers
    meter.start()
    unfit = meter.unfit
    wait_until(until_ms, meter)
    return {"unfit": unfit, "hopeless": meter.is_hopeless, **asdict(meter.stop())}


def played_clock():
    return LIBRARY.stub_now_ms() / 1000


def looking_until(ms, meter, *, began_ms):
    """Looks while the played time passes, and no more once it stands: how fast this machine is changes no figure."""

    def take():
        if LIBRARY.stub_now_ms() == began_ms:
            meter.began()
        if LIBRARY.stub_now_ms() < ms:
            meter._take()

    return take


def wait_until(ms, meter):
    gives_up_at = time.monotonic() + GIVES_UP_AFTER_S
    while LIBRARY.stub_now_ms() < ms and meter._sampler.trouble is None and meter._opened is not None:
        assert time.monotonic() < gives_up_at, "the played time does not pass"
        time.sleep(0.0005)


def facts(*, uuid, cpus, pci_devices):
    found = gpu_facts(uuid, nvml=pynvml, cpus=cpus, pci_devices=Path(pci_devices))
    return None if found is None else asdict(found)


def main():
    what = {"measure": measure, "facts": facts}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(what[request.pop("what")](**request)), flush=True)


main()
