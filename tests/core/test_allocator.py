"""Freed memory is kept while work goes on, in any thread, and given back afterwards."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the others' allocators are left alone")

_PROGRAM = """
import json, resource, threading, sys
import core
from core.allocator import give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6

def work(times):
    for _ in range(times):
        blocks = [bytearray(20_000_000) for _ in range(10)]

def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread = threading.Thread(target=work, args=(times,))
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

empty = resident()
first, later, kept = faults(2), faults(5), resident()
give_back()
print(json.dumps({"first": first, "later": later, "kept": kept - empty, "left": resident() - empty}))
"""


def test_a_thread_takes_its_memory_from_the_system_once_and_gives_it_back() -> None:
    answer = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    assert found["later"] < found["first"] / 10  # more than twice as many where every round takes them anew
    assert found["kept"] > 150
    assert found["left"] < 40
