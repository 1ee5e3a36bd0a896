"""How pictures are sorted into classes and parts: folders, tables and names of files, each read by evidence."""
