"""Threads share a heap where the C library can be told so."""

import subprocess
import sys

import pytest

from robustbench_endo.evaluation import workers as heap

SCRIPT = """
import ctypes, sys, threading
from robustbench_endo.evaluation.workers import share_heap

libc = ctypes.CDLL(None)
libc.fopen.restype = libc.malloc.restype = ctypes.c_void_p
libc.malloc_info.argtypes, libc.fclose.argtypes = (ctypes.c_int, ctypes.c_void_p), (ctypes.c_void_p,)

def heaps():
    file = libc.fopen(sys.argv[1].encode(), b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    return open(sys.argv[1]).read().count("<heap nr=")

def take():
    libc.malloc(ctypes.c_size_t(4096))
    gate.wait()

shared, before, gate = share_heap(), heaps(), threading.Barrier(7)
threads = [threading.Thread(target=take) for _ in range(7)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(shared, heaps() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc keeps a heap a thread")
def test_new_threads_make_no_heap(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "heaps.xml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shared, new = done.stdout.split()
    if shared == "False":
        pytest.skip("this C library has no heap a thread")
    assert int(new) == 0


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap.sys, "platform", "darwin")
    assert not heap.share_heap()
