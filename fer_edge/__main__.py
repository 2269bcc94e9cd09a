"""`python -m fer_edge`, the same as the `fer-edge` command."""

from fer_edge.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
