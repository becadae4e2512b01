"""Look at a dataset before it is used: what is in it twice, under two labels, on two splits, or broken."""
