"""Take the printed lines of lined or checked paper out of a map of ink, and leave the strokes that cross them."""

import numpy as np

TILTS = np.linspace(-0.15, 0.15, 61)  # slopes of rules looked for, up to 8.5 degrees; a step is 1.4 pixels at 560 wide
FAINT = 0.2  # of full ink; rules are looked for in fainter marks than strokes, since shadows break them up
SURE, LIKELY = 0.7, 0.4  # shares of the width: three of the first length (a frame has two), then those parallel
MOST = 40  # rules looked at, which bounds the time


def without_rules(ink: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """bool (H, W): `mask` without lines that run right across the picture, of which there must be two or more.

    `ink` is float (H, W), 0 page to 1 full ink.
    """
    faint = ink > FAINT
    return mask & ~_rules(ink, faint) & ~_rules(ink.T, faint.T).T


def _rules(ink: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """bool (H, W): pixels of lines from side to side, except where a stroke crosses (there the mask is taller or darker)."""
    height, width = mask.shape
    found = np.zeros(mask.shape, dtype=bool)
    side = max(1, width // 12)
    if min(height, width) < 100 or not (mask[:, :side].any() and mask[:, -side:].any()):
        return found
    y, x = np.nonzero(mask)
    if y.size > 0.5 * mask.size:  # no page left to have rules on
        return found
    lines: list[tuple[float, float, int]] = []  # (share of the width covered, tilt, row in the middle)
    for tilt in TILTS:
        row = np.round(y - tilt * (x - width / 2)).astype(np.int32)
        coverage = np.bincount(row.clip(-1, height) + 1, minlength=height + 2)[1:-1] / width
        lines += [(coverage[spot], tilt, int(spot)) for spot in np.flatnonzero(coverage > LIKELY)]
    lines.sort(reverse=True)
    if not lines or lines[0][0] < SURE:
        return found
    runs, dark = _run_lengths(mask)[y, x], ink[y, x]
    by_row: dict[
        float, tuple[np.ndarray, np.ndarray]
    ] = {}  # of a tilt: pixels ordered by row, and where each row begins
    rules: list[tuple[float, int, float]] = []  # (tilt, row, thickness)
    shades: list[float] = []
    for coverage, tilt, spot in lines:
        if coverage < SURE and (len(rules) < 3 or abs(tilt - rules[0][0]) > 0.03):  # parallel, but for the perspective
            continue
        if any(abs(spot - other) <= thick + 3 + width / 2 * abs(tilt - slope) for slope, other, thick in rules):
            continue
        if tilt not in by_row:  # a filled shape has thousands of lines, too many to look at all pixels for each
            row = np.round(y - tilt * (x - width / 2)).astype(np.int32)
            order = np.argsort(row, kind="stable")
            by_row[tilt] = order, np.searchsorted(row[order], np.arange(-2, height + 3))
        order, begins = by_row[tilt]
        around = order[begins[spot] : begins[min(spot + 5, height + 4)]]  # rows within 2 of it
        near = around[np.abs(y[around] - tilt * (x[around] - width / 2) - spot) <= 1.5]
        if x[near].min() > side or x[near].max() < width - side:  # a stroke: rules run from side to side
            continue
        if 2 * np.count_nonzero(runs[near] > 0.04 * height) > near.size:  # so their median is, found faster
            continue
        thick, shade = float(np.median(runs[near])), float(np.percentile(dark[near], 80))
        if thick > 0.04 * height:
            continue
        rules.append((tilt, spot, thick))
        shades.append(shade)
        usual = float(np.median(shades))  # not only its own: a stroke may lie along this line
        away = np.abs(y - tilt * (x - width / 2) - spot)
        gone = (away <= thick / 2 + 2) & (runs <= 1.7 * thick + 1) & (dark <= 1.4 * usual + 0.05)
        found[y[gone], x[gone]] = True
        if len(rules) == MOST:
            break
    return found if len(rules) >= 2 else np.zeros_like(found)


def _run_lengths(mask: np.ndarray) -> np.ndarray:
    """int (H, W): for each pixel of the mask, the length of the vertical run it belongs to."""
    tall = np.pad(mask, ((1, 1), (0, 0))).T  # (W, H + 2): runs of two columns never touch
    starts = tall[:, 1:] & ~tall[:, :-1]
    number = np.cumsum(np.pad(starts, ((0, 0), (1, 0))).ravel()).reshape(tall.shape)
    lengths = np.bincount(number[tall], minlength=int(number.max()) + 1)
    return np.where(tall, lengths[number], 0)[:, 1:-1].T
