"""Organisations, their services, and the people who work there."""
