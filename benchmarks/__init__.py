"""How fast the syncing of a fleet is, beside the fastest and the usual way of doing the same work."""
