"""The pages of Manage."""
