"""The pages: parse, call, present. No rule lives here."""
