"""The words of this field in one or two sentences that a school class understands.

Settings explain themselves in their `help`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.runs.metrics import BY_NAME, METRICS


@dataclass(frozen=True)
class Term:
    """A word and what it means."""

    name: str
    text: str
    group: str
    of_class: str = ""  # the same told of a class, whose name takes the place of {0}


def _metric(name: str, group: str) -> Term:
    """The word of a metric, which the table of metrics explains."""
    return Term(BY_NAME[name].title, BY_NAME[name].meaning, group)


_TERMS = (
    Term("network", "A program with many numbers inside that turns a picture into an answer. Learning means changing those numbers.", "The network"),
    Term("layer", "One stage of a network: it takes numbers from the stage before and hands on new ones.", "The network"),
    Term("weight", "One of the numbers inside a network that training changes. Also called a parameter.", "The network"),
    Term("filter", "A tiny pattern that a convolution looks for everywhere in a picture, such as an edge or a spot.", "The network"),
    Term("multiply-add", "One multiplication and one addition. How many a picture needs says how much work a network is.", "The network"),
    Term("architecture", "The kind of network: which layers it has and in which order.", "The network"),
    Term("neuron", "One small calculator of a layer: it multiplies its inputs by weights, adds them up and hands on one number.", "The network"),
    Term("convolution", "A layer that slides the same few filters over the whole picture, so that it finds a pattern wherever it is.", "The network"),
    Term("pooling", "Makes a picture of numbers smaller by keeping the largest, or the average, of each little square.", "The network"),
    Term("activation function", "What a neuron does with its sum before handing it on, such as ReLU: negative becomes 0, the rest stays. Without it, many layers could do no more than one.", "The network"),
    Term("MLP", "Multi-layer perceptron: the classic network, in which every neuron is joined to all numbers of the layer before.", "The network"),
    Term("CNN", "Convolutional neural network: one that looks at a picture with small filters. The usual choice for pictures.", "The network"),
    Term("batch norm", "A layer that keeps the numbers of a network at a steady size while it learns, which lets it learn faster.", "The network"),
    Term("dropout", "Switches off random neurons during training, so that the network cannot rely on any single one.", "The network"),
    Term("softmax", "Turns the network's last numbers, one for each class, into shares that are positive and add up to 100\u202f%.", "The network"),
    Term("logits", "The network's last numbers, one for each class, before softmax makes probabilities of them.", "The network"),
    Term("feature", "What a layer has found in a picture, as numbers: edges early on, whole shapes later.", "The network"),
    Term("parameters", "All weights of a network together. More of them can learn more, and memorise more.", "The network"),
    Term("run", "One training with one choice of settings, from its start to its end.", "A training"),
    Term("experiment", "Several runs that belong together because they differ only in the settings one wants to compare.", "A training"),
    Term("epoch", "One pass through all training pictures. A training takes several.", "A training"),
    Term("step", "One small correction of the weights, made after looking at one batch of pictures.", "A training"),
    Term("batch", "The handful of pictures that the network looks at before each correction.", "A training"),
    _metric("learning_rate", "A training"),
    Term("backpropagation", "How the network finds out which weights to blame: the error is passed back through the layers, and each weight learns in which direction it should change.", "A training"),
    Term("gradient", "For each weight the direction in which the loss grows fastest. Learning goes the other way.", "A training"),
    Term("gradient descent", "Going downhill: every step changes each weight a little against its gradient, so that the loss gets smaller.", "A training"),
    Term("optimizer", "The rule by which the gradients change the weights, such as SGD or Adam.", "A training"),
    Term("momentum", "Lets corrections keep some of their earlier direction, as a rolling ball does, so that they jitter less.", "A training"),
    Term("weight decay", "Pulls all weights a little towards 0 at every step, which makes memorising harder.", "A training"),
    Term("schedule", "How the learning rate changes during the training: large steps at first, small ones at the end.", "A training"),
    Term("early stopping", "Ends a training when it has not become better on the validation pictures for some epochs.", "A training"),
    Term("hyperparameter", "A setting that people choose before a training, such as the learning rate; the network does not learn it.", "A training"),
    Term("seed", "A number from which all chance of a training comes. The same seed and settings give the same result.", "A training"),
    Term("transfer learning", "Starting from a network that has already learned from many other pictures, and teaching it only the new classes.", "A training"),
    Term("frozen layer", "A layer whose weights stay as they are while others learn.", "A training"),
    Term("queue", "Trainings that wait for their turn, in order.", "A training"),
    Term("mixed precision", "Calculating with shorter numbers, such as bfloat16, where that is exact enough: faster, with the same result.", "A training"),
    Term("GPU", "A graphics card: it does thousands of simple calculations at once, and trains large networks many times faster.", "A training"),
    Term("loss", "How wrong the network is, and how sure it was of it: 0 would be perfect. Training makes it smaller.", "How good it is"),
    _metric("train/loss", "How good it is"),
    _metric("val/loss", "How good it is"),
    Term("accuracy", "The share of pictures for which its answer is right.", "How good it is"),
    Term("precision", "Of the pictures it takes for a class, the share that really are of it.", "How good it is", "Of the pictures it takes for {0}, the share that really are {0}."),
    Term("recall", "Of all pictures of a class, the share that it finds.", "How good it is", "Of all that really are {0}, the share that it finds."),
    Term("F1", "Precision and recall in one number, which is high only if both are.", "How good it is"),
    Term("confidence", "How sure the network says it is of its answer, from 0 to 100\u202f%.", "How good it is"),
    Term("calibration error", "How far its confidence is from how often it is right, on average. 0 means that its confidence can be taken at its word.", "How good it is"),
    Term("confusion matrix", "A table of what was taken for what: a row for each true class, a column for each answer. The diagonal is right.", "How good it is"),
    Term("luck", "Two equally good networks differ a little by chance. A difference counts as larger than luck if chance alone would bring it about less than once in twenty times.", "How good it is"),
    _metric("train/accuracy", "How good it is"),
    _metric("val/accuracy", "How good it is"),
    _metric("test/accuracy", "How good it is"),
    Term("temperature", "A number that makes all answers of a network less or more sure, without changing which class comes first.", "How good it is"),
    Term("95\u202f% interval", "Where the true accuracy lies, so far as chance goes: of a hundred such intervals about 95 hold it.", "How good it is"),
    Term("class", "One of the answers the network can give, such as 7 or ship.", "The pictures"),
    Term("dataset", "The pictures, each with its true class.", "The pictures"),
    Term("training pictures", "The pictures that the network learns from.", "The pictures"),
    Term("validation pictures", "Pictures held out from the training pictures. They show after each epoch how it does on what it does not know, and pick the best epoch.", "The pictures"),
    Term("test pictures", "Pictures kept for the very end: the best network sees them once, so their result is an honest one.", "The pictures"),
    Term("augmentation", "Small random changes of the training pictures, such as shifts, so that the network does not learn them by heart.", "The pictures"),
    Term("validation", "Asking the network about pictures that it does not learn from, again and again during a training, to see how well it does on new ones.", "The pictures"),
    Term("validation share", "How much of the training pictures is held out for validation.", "The pictures"),
    Term("pixel", "One dot of a picture: a number from 0 (dark) to 255 (bright), or three of them for red, green and blue.", "The pictures"),
    Term("label", "The true class of a picture, as people have noted it. Labels can be wrong.", "The pictures"),
    Term("near-double", "A picture that is almost the same as another one. If one is trained on and the other tested, the test is too easy.", "The pictures"),
    Term("MixUp", "Lays two training pictures over each other and asks for both classes in these shares.", "The pictures"),
    Term("best epoch", "The epoch after which the network did best on the validation pictures. Its weights are kept.", "Watching it"),
    Term("memorising", "Learning the training pictures by heart instead of what they have in common: it gets better on them and worse on others. Also called overfitting.", "Watching it"),
    Term("checkpoint", "The state of a training in a file, from which it can go on.", "Watching it"),
    _metric("images_per_second", "Watching it"),
    Term("memory", "How much of the computer's memory the training takes at most.", "Watching it"),
    Term("smoothing", "Draws the average of the last points instead of every single one, so that the direction shows.", "Watching it"),
    Term("time left", "How long the rest takes if it goes on at this pace.", "Watching it"),
    Term("overfitting", "Another word for memorising: getting better on the training pictures and worse on new ones.", "Watching it"),
    Term("confidence limit", "How sure the network must be to answer at all; below it, it says that it does not know.", "Watching it"),
    Term("heat map", "A picture of where the network looked: the warmer a place, the more it spoke for the answer. Grad-CAM is one way to make it.", "Watching it"),
    Term("parallel coordinates", "A chart with an upright axis for each setting and one for the result; every run is a line across them.", "Watching it"),
)  # fmt: skip
TERMS = {term.name: term for term in _TERMS}
TERMS |= {each.title: Term(each.title, each.meaning, "How good it is") for each in METRICS if each.title not in TERMS}


def meaning_of(name: str) -> str:
    """What a word means. Raises KeyError for one that is not in the glossary."""
    return TERMS[name].text
