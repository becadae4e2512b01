"""The typed values that rooms exchange: labels, descriptions, configurations and results. No I/O."""
