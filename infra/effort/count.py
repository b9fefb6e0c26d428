#!/usr/bin/env python3
"""Counts the instructions of each parser under callgrind. infra/effort.sh calls it and says more."""

import concurrent.futures
import os
import re
import subprocess
import sys

SMALL, LARGE = 16 * 1024, 64 * 1024
# Four times the bytes, and 15 of a hundred more.
GROWTH = 4.6 / 4
# Instructions for a byte below which it is only looked at or copied, or not even that. How memory is copied depends on
# its length.
COPIED = 8
VALGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=effort::measured"]


def count(program, row, size):
    """Instructions, and bytes of the input."""
    done = subprocess.run([*VALGRIND, program, str(row), str(size)], capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not collected or not int(collected.group(1)):
        sys.exit(f"row {row} at {size} bytes could not be counted:\n{done.stderr}")
    return int(collected.group(1)), int(done.stdout)


def main(program):
    listed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = [[pool.submit(count, program, row, size) for size in (SMALL, LARGE)] for row in range(len(rows))]
    wrong = []
    print(f"{'parser':16} {'input':48} {'a byte':>8} {'at most':>8} {'growth':>7}")
    for (parser, input, most), counted in zip(rows, counts):
        (few, small), (many, large) = (each.result() for each in counted)
        a_byte = many / large
        growth = a_byte / (few / small)
        print(f"{parser:16} {input:48} {a_byte:8.1f} {most:>8} {4 * growth:6.2f}x")
        if a_byte > int(most):
            wrong.append(f"{parser}, {input}: {a_byte:.1f} instructions a byte, at most {most} are allowed")
        if growth > GROWTH and a_byte > COPIED:
            wrong.append(f"{parser}, {input}: four times the bytes took {4 * growth:.2f} times the instructions")
    print("\n".join(wrong) or f"{len(rows)} inputs, each in proportion to its bytes")
    sys.exit(1 if wrong else 0)


main(sys.argv[1])
