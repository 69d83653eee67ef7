"""Storypark, the documentation platform: profiles, stories, rooms, and the account that pays for profiles."""
