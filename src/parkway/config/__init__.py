"""Settings and wiring: the one room that knows every other."""
