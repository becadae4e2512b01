"""The plugin system: the hooks, what plugins offer by them, and how a configuration looks names up."""
