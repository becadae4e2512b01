"""The HTTP service and its page: `emoclass serve`."""
