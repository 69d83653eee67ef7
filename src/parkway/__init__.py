"""Parkway keeps child profiles in Storypark in step with enrolments in Storypark Manage."""

__version__ = "0.1.0"
