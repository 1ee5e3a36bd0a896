"""How what was brought is sorted: folders, tables and names of files, each read by evidence."""
