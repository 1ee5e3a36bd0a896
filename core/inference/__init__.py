"""Using a trained network: load it, prepare a picture, predict."""
