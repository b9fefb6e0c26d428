#!/usr/bin/env python3
"""Counts the instructions of each parser under callgrind. infra/effort.sh calls it and says more.

The program prints one line for each read that it does: parser, input, instructions per byte at most, bytes. callgrind
writes one file each time that the counted function returns, in the same order.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

# Four times the bytes, and 15 of a hundred more.
GROWTH = 4.6 / 4
# Below this a parser refused its input without reading it, and what is counted is the way there.
REFUSED = 20_000
COUNTED = "effort::measured*"


def main(program):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out"
        arguments = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--toggle-collect={COUNTED}", f"--dump-after={COUNTED}"]
        done = subprocess.run([*arguments, program], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{program} failed under valgrind:\n{done.stderr}\n{done.stdout}")
        reads = [line.split("\t") for line in done.stdout.splitlines()]
        counts = [total(out.with_name(f"{out.name}.{number}")) for number in range(1, len(reads) + 1)]
    wrong = []
    print(f"{'parser':16} {'input':48} {'a byte':>8} {'at most':>8} {'growth':>7}")
    for (small, few), (large, many) in zip(*[iter(zip(reads, counts))] * 2):
        parser, input, most, _ = large
        a_byte = many / int(large[3])
        growth = a_byte / (few / int(small[3]))
        print(f"{parser:16} {input:48} {a_byte:8.1f} {most:>8} {4 * growth:6.2f}x")
        if a_byte > int(most):
            wrong.append(f"{parser}, {input}: {a_byte:.1f} instructions a byte, at most {most} are allowed")
        if growth > GROWTH and many > REFUSED:
            wrong.append(f"{parser}, {input}: four times the bytes took {4 * growth:.2f} times the instructions")
    print("\n".join(wrong) or f"{len(reads) // 2} inputs, each in proportion to its bytes")
    sys.exit(1 if wrong else 0)


def total(dump):
    found = re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.MULTILINE)
    return int(found.group(1)) if found else sys.exit(f"{dump} has no count")


main(sys.argv[1])
