"""The command line: python -m core, the same without the browser."""
