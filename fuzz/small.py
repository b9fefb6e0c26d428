#!/usr/bin/env python3
"""Makes a corpus small: `small.py BINARY CORPUS FOUND..` keeps in CORPUS the inputs that together reach the most code.

libFuzzer's own minimisation keeps an input for every count of every branch, which is thousands. This asks it only what
each input reaches (the control file of its merge), and takes the best of what is left until nothing is new or the corpus is
as large as it may be, below the limits of tests/house/fuzzed.rs. An input that somebody named, because it broke a property once, is
kept whatever it reaches."""

import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

FILES = 50
BYTES = 90 * 1024
LONGEST = 16 * 1024


def reached(binary, directories):
    """What each input reaches, by its path."""
    with tempfile.TemporaryDirectory() as scratch:
        control = pathlib.Path(scratch, "control")
        merged = pathlib.Path(scratch, "merged")
        merged.mkdir()
        subprocess.run(
            [binary, "-merge=1", f"-merge_control_file={control}", f"-max_len={LONGEST}", "-timeout=20"]
            + [str(merged), *map(str, directories)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        lines = control.read_text().splitlines()
    count = int(lines[0])
    paths = lines[2:2 + count]
    found = {}
    for line in lines[2 + count:]:
        kind, *numbers = line.split()
        if kind == "FT":
            # A feature is an edge and one of eight ranges of how often it was taken.
            found[paths[int(numbers[0])]] = {int(feature) // 8 for feature in numbers[1:]}
    return found


def chosen(found):
    """The best by what they add for their size, until nothing is new."""
    sizes = {path: pathlib.Path(path).stat().st_size for path in found}
    kept, known, room = [], set(), BYTES
    while len(kept) < FILES:
        fits = [path for path in found if sizes[path] <= room and found[path] - known]
        if not fits:
            break
        best = max(fits, key=lambda path: (len(found[path] - known) / (2048 + sizes[path]), path))
        kept.append(best)
        known |= found.pop(best)
        room -= sizes[best]
    return kept


def main():
    binary, corpus, *found = sys.argv[1:]
    corpus = pathlib.Path(corpus)
    kept = [pathlib.Path(path) for path in chosen(reached(binary, [corpus, *found]))]
    inputs = {path.read_bytes() for path in kept}
    for old in corpus.iterdir():
        if re.fullmatch("[0-9a-f]{12}", old.name):
            old.unlink()
    for data in inputs:
        (corpus / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)
    print(f"{corpus.name}: {len(inputs)} inputs, {sum(map(len, inputs))} bytes")


if __name__ == "__main__":
    main()
