"""The TrainDesk engine: settings, data, training, runs and inference. It knows no web page."""
