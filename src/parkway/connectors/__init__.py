"""The two ports of a sync, and the ends that can be plugged into them."""
