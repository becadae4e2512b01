"""How long the command line takes to answer, in process time (user and system).

python benchmarks/startup.py [--repeats 10]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "emoclass --help": ["-m", "emoclass", "--help"],
    "emoclass plugins list": ["-m", "emoclass", "plugins", "list"],
    "import keras": ["-c", "import keras"],
}


def process_seconds(arguments: list[str]) -> float:
    before = os.times()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    for name, arguments in COMMANDS.items():
        process_seconds(arguments)  # the first one reads files from the disk
        print(f"{name}: {statistics.median(process_seconds(arguments) for _ in range(repeats)):.3f} s")


if __name__ == "__main__":
    main()
