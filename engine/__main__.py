"""``gomobile``, and ``python -m engine``."""

from engine.commands import gomobile


def main() -> None:
    gomobile()


if __name__ == "__main__":
    main()
