"""What leaves TrainDesk: networks that answer as they did here, runs, and their numbers in the formats of other tools."""
