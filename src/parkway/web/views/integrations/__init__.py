"""The pages of a service's integration."""
