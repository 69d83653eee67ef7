"""How values of the rooms below are told on pages."""
