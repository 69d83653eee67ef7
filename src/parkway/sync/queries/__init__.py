"""What people ask of syncing; nothing here writes."""
