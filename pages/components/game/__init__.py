"""The class game: its board, its rules for the host, the way on it for groups, and the replay."""
