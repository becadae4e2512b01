"""The plots, each drawn from values that somebody else computed."""
