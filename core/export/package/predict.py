"""Says what pictures show, with the network in this folder. It needs what requirements.txt lists; README.md says more.

python predict.py PICTURE_OR_FOLDER ... [--json]    a line for each picture
python predict.py --camera 0 [--json]               what the camera sees, until Ctrl-C
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from core.errors import TrainDeskError
from core.images.read import pictures_in, read_image
from core.text.numbers import percent

HERE = Path(__file__).resolve().parent
SURE, UNSURE = 0.8, 0.5  # from here on it says "This is" and "Probably"
AT_ONCE, VALUES_AT_ONCE = 100, 1_000_000  # pictures that are answered together; of large ones fewer


@dataclass(frozen=True)
class Network:
    """What is in model.onnx. `prepare` makes uint8 (channels, height, width) of any picture, like those it learned from."""

    session: onnxruntime.InferenceSession
    class_names: list[str]
    prepare: Callable[[Image.Image], np.ndarray]

    def ask(self, prepared: list[np.ndarray]) -> list[dict]:
        """An answer to each of the pictures that were prepared."""
        pixels = np.ascontiguousarray(np.stack(prepared).transpose(0, 2, 3, 1))  # (N, height, width, channels)
        return [
            {
                "answer": self.class_names[int(shares.argmax())],
                "unfamiliar": bool(unfamiliar),  # it is unlike all that the network learned from: it does not know
                "ood_score": float(score),
                "probabilities": dict(zip(self.class_names, shares.astype(float).round(7).tolist(), strict=True)),
            }
            for shares, score, unfamiliar in zip(*self.session.run(None, {"images": pixels}), strict=True)
        ]


def open_network(threads: int = 0) -> Network:
    """The network beside this program; `threads` 0: as many as the computer has cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), options, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    how = json.loads(facts["preparation"])
    function = getattr(import_module(f"core.images.{how['module']}"), how["function"])
    return Network(session, json.loads(facts["class_names"]), partial(function, **how["arguments"]))


def frames(index: int) -> Iterator[tuple[str, Image.Image]]:
    """What the camera of that number sees, again and again, with the time. Raises TrainDeskError."""
    try:
        import cv2
    except ImportError:
        raise TrainDeskError("The camera needs OpenCV; install it with: pip install opencv-python-headless") from None
    camera = cv2.VideoCapture(index)
    while True:
        there, frame = camera.read()  # (height, width, 3) blue, green, red
        if not there:
            raise TrainDeskError(f"Camera {index} gives no picture; plug it in, or try another number.")
        yield time.strftime("%H:%M:%S"), Image.fromarray(frame[:, :, ::-1].copy())
        time.sleep(0.5)


def answers(network: Network, pictures: Iterable[tuple[str, Path | Image.Image]], at_once: int) -> Iterator[dict]:
    """A row for each picture, in their order; of one that cannot be read the row says why."""
    rows, prepared = list[dict](), list[np.ndarray]()
    for name, picture in pictures:
        rows.append({"picture": name})
        try:
            image = read_image(picture, picture.name) if isinstance(picture, Path) else picture
            prepared.append(network.prepare(image))
        except TrainDeskError as error:
            rows[-1]["error"] = str(error)
        if len(rows) >= at_once or sum(each.size for each in prepared) > VALUES_AT_ONCE:
            yield from answered(network, rows, prepared)
            rows, prepared = [], []
    yield from answered(network, rows, prepared)


def answered(network: Network, rows: list[dict], prepared: list[np.ndarray]) -> list[dict]:
    """The rows with the answers to what is `prepared`; those with an error stay as they are."""
    said = iter(network.ask(prepared) if prepared else [])
    return [row if "error" in row else row | next(said) for row in rows]


def in_words(row: dict) -> str:
    """The answer as the dashboard says it."""
    if "error" in row:
        return row["error"]
    (first, share), (second, other) = sorted(row["probabilities"].items(), key=lambda item: -item[1])[:2]
    if row["unfamiliar"]:
        return f"I don't know this: it is unlike anything I learned from. If I had to choose: {first}."
    if share >= SURE:
        return f"This is {first}, {percent(share)} sure."
    if share >= UNSURE:
        return f"Probably {first}, {percent(share)} sure. It could be {second}."
    return f"Not sure: perhaps {first} ({percent(share)}) or {second} ({percent(other)})."


def main() -> int:
    """Answers what the command line names and returns the exit status: 1 where a picture could not be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PICTURE_OR_FOLDER")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--camera", type=int, metavar="INDEX", help="of the camera to look through: 0, 1, ...")
    parser.add_argument("--classes", action="store_true", help="list what it can answer")
    parser.add_argument("--threads", type=int, default=0, help="processor cores to use (default: all)")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    network, looks = open_network(options.threads), options.camera is not None
    if options.classes:
        print("\n".join(network.class_names))
        return 0
    if not looks and not options.paths:
        parser.error("say which pictures")
    status = 0
    pictures = frames(options.camera) if looks else ((str(file), file) for file in pictures_in(options.paths))
    try:
        for row in answers(network, pictures, 1 if looks else AT_ONCE):
            status |= "error" in row
            line = json.dumps(row, ensure_ascii=False) if options.json else f"{row['picture']:<30} {in_words(row)}"
            print(line, flush=True)
    except (TrainDeskError, KeyboardInterrupt) as error:
        print(error, file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
