"""What is true of databases whatever stands in them: rows in bulk, locks, errors, and whether one answers."""
