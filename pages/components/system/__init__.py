"""What this computer does."""
