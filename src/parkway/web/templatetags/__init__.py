"""How values are written on the pages."""
