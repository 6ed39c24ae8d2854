#!/usr/bin/env python3
"""usage: cuda_report.py [--arch 80,90a,100,120] [--jobs N] [SOURCE...]

Compiles src/cuda with nvcc for each architecture and prints, per kernel, its registers, shared memory and
spills. Fails when a source does not compile or a kernel spills. Without nvcc it says so and passes.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def find_nvcc():
    return shutil.which('nvcc') or shutil.which('/usr/local/cuda/bin/nvcc')


def kernels_of(log):
    """(name, registers, shared bytes, spilled bytes) of each kernel that ptxas tells of."""
    found = []
    for part in re.split(r'Compiling entry function ', log)[1:]:
        name = re.match(r"'(\S+)'", part).group(1)
        stores, loads = re.search(r'(\d+) bytes spill stores, (\d+) bytes spill loads', part).groups()
        registers = re.search(r'Used (\d+) registers', part).group(1)
        shared = re.search(r'(\d+) bytes smem', part)
        found.append((name, int(registers), int(shared.group(1)) if shared else 0,
                      int(stores) + int(loads)))
    return found


def compile_one(nvcc, source, arch, folder):
    out = os.path.join(folder, os.path.basename(source) + arch + '.cubin')
    command = [nvcc, '-std=c++20', '-x', 'cu', '-cubin', '-O3', '-fmad=false', '-Xptxas', '-v',
               f'-gencode=arch=compute_{arch},code=sm_{arch}',
               f'-I{HERE}/src', f'-I{HERE}/include', source, '-o', out]
    run = subprocess.run(command, capture_output=True, text=True)
    return source, arch, run.returncode, run.stdout + run.stderr


def short(name):
    text = subprocess.run(['c++filt', name], capture_output=True, text=True).stdout.strip() or name
    text = re.sub(r'voxloom::cuda::|voxloom::|\(anonymous namespace\)::|_GLOBAL__N__\w+::', '', text)
    match = re.match(r'void enter<(.*)>\(.*\)$', text)
    return match.group(1) if match else text


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--arch', default='80,90a,100,120')
    ap.add_argument('--jobs', type=int, default=os.cpu_count())
    ap.add_argument('sources', nargs='*')
    args = ap.parse_args()
    nvcc = find_nvcc()
    if nvcc is None:
        print('cuda_report: no nvcc here, nothing checked')
        return 0
    sources = args.sources or sorted(
        s for s in glob.glob(f'{HERE}/src/cuda/*.cpp')
        if os.path.basename(s) not in ('emulation.cpp', 'runtime.cpp'))
    failed = 0
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(compile_one, nvcc, s, a, folder)
                for s in sources for a in args.arch.split(',')]
        for job in jobs:
            source, arch, status, log = job.result()
            if status != 0:
                failed += 1
                print(f'{os.path.basename(source)} sm_{arch}: does not compile\n{log}')
                continue
            for name, registers, shared, spilled in kernels_of(log):
                failed += spilled > 0
                print(f'sm_{arch:<4} {registers:4} registers {shared:6} bytes shared '
                      f'{spilled:4} spilled  {short(name)}')
    print(f'cuda_report: {failed} failures' if failed else 'cuda_report: no kernel spills')
    return 1 if failed else 0


sys.exit(main())
