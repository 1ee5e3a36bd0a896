"""Errors whose text is meant for the person at the screen: one sentence with the value, the limit and the remedy."""

UNFORESEEN: type[Exception] = Exception  # what fences around damaged folders stop; tests of pages see through them


class TrainDeskError(Exception):
    """Something the user can put right; `str(error)` is the sentence to show."""


class ImageError(TrainDeskError):
    """A picture that cannot be read or used."""


class NothingDrawn(ImageError):
    """A picture without any ink or content: an empty canvas, a blank page."""
