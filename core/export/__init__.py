"""What leaves TrainDesk: the numbers of runs in the formats of other tools."""
