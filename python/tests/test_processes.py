"""Threads, forked children, and Ctrl-C. Timeouts here only keep a hang from stopping the tests."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import voxloom
from conftest import random_array, random_rows, run_script


def test_results_do_not_depend_on_the_threads():
    x = voxloom.SparseTensor(random_rows(20_000, 30), random_array(len(random_rows(20_000, 30)), 16))
    weight = random_array(27, 16, 32)
    results = []
    try:
        for threads in (1, 2, 0):
            voxloom.set_threads(threads)
            results.append(voxloom.subm_conv3d(x, weight).features)
            assert threads == 0 or voxloom.available_threads() == threads
    finally:
        voxloom.set_threads(0)
    assert all(np.array_equal(results[0], other) for other in results[1:])
    with pytest.raises(ValueError, match="must be from 0 to 4096, got -1"):
        voxloom.set_threads(-1)


def test_calls_from_many_threads_at_once():
    rows = random_rows(5000, 15)
    features, weight = random_array(len(rows), 8), random_array(27, 8, 8)
    shared = voxloom.SparseTensor(rows, features)
    expected = voxloom.subm_conv3d(shared, weight).features
    wrong = []

    def work():
        for _ in range(20):
            own = voxloom.subm_conv3d(voxloom.SparseTensor(rows, features), weight).features
            if not (np.array_equal(own, expected) and
                    np.array_equal(voxloom.subm_conv3d(shared, weight).features, expected)):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


COMPUTE = """
import multiprocessing as mp, os, threading, time, numpy as np, voxloom
rng = np.random.default_rng(0)
rows = np.unique(np.column_stack([np.zeros(40_000, int), rng.integers(0, 40, (40_000, 3))]), axis=0).astype(np.int32)
weight = rng.normal(size=(27, 16, 16)).astype(np.float32)
features = rng.normal(size=(len(rows), 16)).astype(np.float32)
def compute(_=None):
    return voxloom.subm_conv3d(voxloom.SparseTensor(rows, features), weight).features.sum(0)
"""


def test_forked_workers_compute_the_same():
    run_script(COMPUTE + """
expected = compute()             # the parent's threads have run
with mp.get_context("fork").Pool(3) as pool:
    for result in pool.map(compute, range(6)):
        assert np.array_equal(result, expected)
assert np.array_equal(compute(), expected)
""")


def test_a_child_forked_in_the_middle_of_a_call_is_refused_with_a_message():
    run_script(COMPUTE + """
expected, stop = compute(), []
def forever():
    while not stop: compute()
thread = threading.Thread(target=forever); thread.start()
for _ in range(20):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            message = "same" if np.array_equal(compute(), expected) else "different"
        except RuntimeError as error:
            message = str(error)
        os.write(write, message.encode()); os._exit(0)
    os.close(write)
    said = os.read(read, 1000).decode(); os.close(read); os.waitpid(child, 0)
    assert said == "same" or said.startswith("[voxloom] this process was forked while another thread"), said
stop.append(1); thread.join()
""")


@pytest.mark.parametrize("call", [
    "while True: voxloom.subm_conv3d(x, weight)",
    "voxloom.subm_conv3d(x, np.ones((21**3, 64, 64), np.float32), kernel_size=21)"])
def test_ctrl_c_stops_a_long_call(call):
    script = f"""
import signal, numpy as np, voxloom
signal.signal(signal.SIGINT, signal.default_int_handler)   # also where the tests run with it ignored
rng = np.random.default_rng(0)
rows = np.unique(np.column_stack([np.zeros(60_000, int), rng.integers(0, 40, (60_000, 3))]), axis=0).astype(np.int32)
x = voxloom.SparseTensor(rows, np.ones((len(rows), 64), np.float32))
weight = np.ones((27, 64, 64), np.float32)
voxloom.subm_conv3d(x, weight)
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    voxloom.subm_conv3d(x, weight)   # and the library works on
    print("stopped", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    try:
        assert process.stdout.readline().strip() == "ready"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)  # it is in the call by now
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert out.strip() == "stopped", out + err


def test_importing_voxloom_does_not_import_torch():
    run_script("import sys, voxloom; assert 'torch' not in sys.modules")
