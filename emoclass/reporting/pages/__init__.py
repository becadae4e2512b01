"""The HTML pages: of a run, an audit, a cross-dataset evaluation, a cross-validation."""
