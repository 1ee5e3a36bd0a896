"""Sets that say where things are are told by a few of their files."""

from functools import partial
from io import BytesIO

import pytest

from core.image_sets.layouts.detection import detection_set
from core.image_sets.sources import SourceFile

PICTURES = [SourceFile(("images", f"{number}.png"), 9, BytesIO) for number in range(4)]


def beside(ending: str, text: str) -> list[SourceFile]:
    return [SourceFile(("labels", f"{n}.{ending}"), len(text), partial(BytesIO, text.encode())) for n in range(4)]


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        (beside("txt", "0 0.5 0.5 0.1 0.2\n"), "a YOLO detection set"),
        (beside("xml", "<annotation><object></object></annotation>"), "a Pascal VOC detection set"),
        (beside("json", '{"images": [], "annotations": [{"bbox": []}]}'), "a COCO detection set"),
        (beside("json", '{"shapes": [], "imagePath": "1.png"}'), "a LabelMe set"),
    ],
)
def test_each_kind_has_its_name(others, kind):
    assert detection_set(PICTURES, others, []).startswith(f"This is {kind}: ")


@pytest.mark.parametrize("others", [[], beside("txt", "a cat\n"), beside("json", "{}"), beside("xml", "<note/>")])
def test_other_texts_refuse_nothing(others):
    assert detection_set(PICTURES, others, []) == ""
