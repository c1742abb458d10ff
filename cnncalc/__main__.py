"""`python -m cnncalc`, and the installed command."""

import sys


def main() -> None:
    """Run the command line; what cannot even be imported exits with 70, for 1 is the verdict of a check."""
    try:
        from cnncalc.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no verdict
        sys.stderr.write(f"error: cnncalc cannot start ({type(error).__name__}: {error})\n")
        sys.exit(70)
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
