"""What `emoclass plugins new` writes: a plugin to start from. The templates stand in `templates/`."""
