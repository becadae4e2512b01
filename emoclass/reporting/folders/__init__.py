"""What stands on disk after a run: its folder, written and read back."""
