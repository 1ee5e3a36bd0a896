"""What was read of a dataset is given again until its file changes."""

from core.image_sets.remembered import remembered


class Thing:
    """A dataset as far as that matters."""

    def __init__(self):
        self.changes = 0

    def stamp(self):
        return self.changes


def test_it_is_read_once_until_the_file_changes():
    asked = []

    @remembered(4)
    def of(thing, what, more=0):
        asked.append(what)
        return what, more, thing.changes

    thing, other = Thing(), Thing()
    assert of(thing, "a") == of(thing, "a") == ("a", 0, 0) and asked == ["a"]
    of(other, "a")
    of(thing, "b", more=1)
    assert asked == ["a", "a", "b"], "of another one, and of other arguments"
    thing.changes = 1
    assert of(thing, "a") == ("a", 0, 1) and of(other, "a") == ("a", 0, 0)
    assert asked == ["a", "a", "b", "a"]
