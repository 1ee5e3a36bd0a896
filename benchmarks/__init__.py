"""Side-by-side measurements that anyone can repeat; each prints a table with ratios."""
