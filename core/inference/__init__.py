"""Using a trained network: load it, prepare a picture, predict."""

# Share of the validation pictures that a network answers unless someone says otherwise, the others being too unlike what it
# learned from: a stranger's digit that is refused spoils a demonstration.
USUALLY_ANSWERED = 0.995
