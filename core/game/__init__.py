"""The class game: groups train under the same rules, and a board shows who kept them best."""
