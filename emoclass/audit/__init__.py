"""Look at a dataset before it is split: which of its images are one picture."""
