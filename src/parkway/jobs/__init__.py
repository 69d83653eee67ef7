"""Who carries a call for a run: here, in this very process."""
