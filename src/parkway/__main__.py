"""`parkway` and `python -m parkway`."""

from parkway.cli.app import main

if __name__ == "__main__":
    main()
