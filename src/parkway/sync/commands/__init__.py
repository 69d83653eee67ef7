"""What people change about syncing."""
