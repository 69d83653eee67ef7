"""The command line: parse, call, present. No rule lives here."""
