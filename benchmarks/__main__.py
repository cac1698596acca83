"""All benchmarks, short."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

NAMES: Final = ("media", "sip", "speech", "calls", "dialing", "ingestion")


def main() -> None:
    for name in NAMES:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--quick"], check=True)


if __name__ == "__main__":
    main()
