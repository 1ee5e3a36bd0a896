"""A trained network as one HTML file that answers without a network, a server or TrainDesk."""
