"""Storypark Manage, the CCMS: children, rooms, bookings, and the status that follows."""
