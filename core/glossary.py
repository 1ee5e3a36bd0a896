"""The words of this field in one or two sentences that a school class understands.

Settings explain themselves in their `help`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word and what it means."""

    name: str
    text: str
    group: str


_TERMS = (
    Term("network", "A program with many numbers inside that turns a picture into an answer. Learning means changing those numbers.", "The network"),
    Term("layer", "One stage of a network: it takes numbers from the stage before and hands on new ones.", "The network"),
    Term("weight", "One of the numbers inside a network that training changes. Also called a parameter.", "The network"),
    Term("filter", "A tiny pattern that a convolution looks for everywhere in a picture, such as an edge or a spot.", "The network"),
    Term("multiply-add", "One multiplication and one addition. How many a picture needs says how much work a network is.", "The network"),
    Term("architecture", "The kind of network: which layers it has and in which order.", "The network"),
    Term("run", "One training with one choice of settings, from its start to its end.", "A training"),
    Term("experiment", "Several runs that belong together because they differ only in the settings one wants to compare.", "A training"),
    Term("epoch", "One pass through all training pictures. A training takes several.", "A training"),
    Term("step", "One small correction of the weights, made after looking at one batch of pictures.", "A training"),
    Term("batch", "The handful of pictures that the network looks at before each correction.", "A training"),
    Term("learning rate", "How large each correction is. Too large and the network jumps about, too small and it hardly moves.", "A training"),
    Term("loss", "How wrong the network is, and how sure it was of it: 0 would be perfect. Training makes it smaller.", "How good it is"),
    Term("train loss", "The loss on the pictures it learns from, measured while it learns.", "How good it is"),
    Term("val loss", "The loss on pictures that were held out and that it never learns from.", "How good it is"),
    Term("accuracy", "The share of pictures for which its answer is right.", "How good it is"),
    Term("precision", "Of the pictures it calls a 3, the share that really are a 3.", "How good it is"),
    Term("recall", "Of all real 3s, the share that it finds.", "How good it is"),
    Term("F1", "Precision and recall in one number, which is high only if both are.", "How good it is"),
    Term("confidence", "How sure the network says it is of its answer, from 0 to 100 %.", "How good it is"),
    Term("calibration error", "How far its confidence is from how often it is right, on average. 0 means that its confidence can be taken at its word.", "How good it is"),
    Term("confusion matrix", "A table of what was taken for what: a row for each true class, a column for each answer. The diagonal is right.", "How good it is"),
    Term("luck", "Two equally good networks differ a little by chance. A difference counts as larger than luck if chance alone would bring it about less than once in twenty times.", "How good it is"),
    Term("class", "One of the answers the network can give, such as 7 or ship.", "The pictures"),
    Term("dataset", "The pictures, each with its true class.", "The pictures"),
    Term("train pictures", "The pictures that the network learns from.", "The pictures"),
    Term("val pictures", "Pictures held out from the training pictures. They show after each epoch how it does on what it does not know, and pick the best epoch.", "The pictures"),
    Term("test pictures", "Pictures kept for the very end: the best network sees them once, so their result is an honest one.", "The pictures"),
    Term("augmentation", "Small random changes of the training pictures, such as shifts, so that the network does not learn them by heart.", "The pictures"),
    Term("best epoch", "The epoch after which the network did best on the val pictures. Its weights are kept.", "Watching it"),
    Term("memorising", "Learning the training pictures by heart instead of what they have in common: it gets better on them and worse on others. Also called overfitting.", "Watching it"),
    Term("checkpoint", "The state of a training in a file, from which it can go on.", "Watching it"),
    Term("images per second", "How many training pictures the computer gets through in a second.", "Watching it"),
    Term("memory", "How much of the computer's memory the training takes at most.", "Watching it"),
    Term("smoothing", "Draws the average of the last points instead of every single one, so that the direction shows.", "Watching it"),
    Term("time left", "How long the rest takes if it goes on at this pace.", "Watching it"),
)  # fmt: skip
TERMS = {term.name: term for term in _TERMS}


def meaning_of(name: str) -> str:
    """What a word means. Raises KeyError for one that is not in the glossary."""
    return TERMS[name].text
