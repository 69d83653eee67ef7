"""The integration: sync runs, the journal that explains them, and the settings of a service."""
