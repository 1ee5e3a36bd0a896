"""A network for programs: ONNX, weights, a program that asks them, and proof that they answer as they did here."""
