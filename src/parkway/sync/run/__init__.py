"""One run of a sync: start, gather, decide, apply, record, prove."""
