"""``gomobile``, and ``python -m engine``."""

import os

# Before numpy is imported: its matrices here are small, and threads for them cost more than they
# save (the in-band digit detector takes 20 ms in place of 5 for 1,000 calls).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from engine.commands.gomobile import gomobile


def main() -> None:
    gomobile()


if __name__ == "__main__":
    main()
