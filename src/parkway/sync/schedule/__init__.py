"""Which services are due, and passes over them."""
