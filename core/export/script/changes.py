"""The part of a script that changes pictures at random."""

from __future__ import annotations

from core.training.augmentation import Augmentation


def changes_text(augmentation: Augmentation, shape: tuple[int, int, int], black: bool) -> str:
    """`changed`, which does what `Augmentation.apply` does, with those changes alone that are on; "" where none is.

    It draws the same numbers in the order of that function's list. `black`: what comes in from beyond the edge.
    """
    how, lines = augmentation, []
    moves = bool(how.shift or how.rotation or how.scale or how.stretch or how.shear)
    if moves:
        lines += _moved(how, black)
    if how.crop:
        lines += _cropped(how.crop, shape, black)
    if how.flip and not moves:
        lines += ["mirrored = between(-1, 1) < 0", "pictures[mirrored] = pictures[mirrored].flip(3)"]
    if how.brightness or how.contrast:
        lines += _lit(how, black)
    if how.gamma:
        lines += _gamma(how.gamma, black)
    if how.cutout:
        lines += _cut_out(how.cutout, shape, black)
    if not lines:
        return ""
    between = "    def between(least, most):\n        numbers = torch.rand(len(pictures), device=DEVICE)\n"
    between += "        return least + (most - least) * numbers  # one for each picture\n\n"
    used = between if any("between(" in line for line in lines) else ""
    words = "Each picture changed at random, float32 (N, C, H, W) of 0 to 1."
    body = "".join(f"    {line}\n" for line in [*lines, "return pictures"])
    gap = "\n" if used else ""
    return f'def changed(pictures):\n    """{words}"""\n{gap}{used}{body}'


def _about_one(most: float) -> str:
    return f"between({1 - most:.12g}, {1 + most:.12g})"


def _about_zero(most: float) -> str:
    return f"between({-most:.12g}, {most:.12g})"


def _moved(how: Augmentation, black: bool) -> list[str]:
    """One affine map for each picture: where its new pixels come from."""
    if how.rotation:
        lines = [f"angle = {_about_zero(how.rotation)} * math.pi / 180"]
        lines += ["across = torch.stack([angle.cos(), angle.sin()])  # (2, N)"]
        lines += ["down = torch.stack([-angle.sin(), angle.cos()])"]
    else:
        lines = ["still = torch.zeros(len(pictures), device=DEVICE)"]
        lines += ["across = torch.stack([still + 1, still])  # (2, N)"]
        lines += ["down = torch.stack([still, still + 1])"]
    if how.scale:
        lines += [f"zoom = {_about_one(how.scale)}"]
    if how.flip:
        lines += ["mirror = torch.where(between(-1, 1) < 0, -1.0, 1.0)"]
    if how.shift:  # the grid runs from -1 to 1
        lines += [f"start = torch.stack([{_about_zero(2 * how.shift)} for _ in range(2)])"]
    else:
        lines += ["start = torch.zeros_like(across)"]
    if how.shear:
        lines += [f"down = down + {_about_zero(how.shear)} * across  # slanted"]
    if how.scale:
        lines += ["across, down = across / zoom, down / zoom"]
    if how.stretch:
        lines += [f"down = down / {_about_one(how.stretch)}  # taller or flatter"]
    if how.flip:
        lines += ["across = across * mirror"]
    return [
        *lines,
        "maps = torch.stack([across, down, start]).permute(2, 1, 0)  # (N, 2, 3)",
        "grid = functional.affine_grid(maps, pictures.shape, align_corners=False)",
        "pictures = functional.grid_sample(",
        f'    pictures, grid, padding_mode="{"zeros" if black else "border"}", align_corners=False',
        ")",
    ]


def _window(rows: int, columns: int) -> list[str]:
    return [
        f"top = (torch.rand(len(pictures)) * {rows}).long().tolist()",
        f"left = (torch.rand(len(pictures)) * {columns}).long().tolist()",
    ]


def _cropped(margin: int, shape: tuple[int, int, int], black: bool) -> list[str]:
    _, height, width = shape
    pad = min(margin, height // 2, width // 2)
    mode = "" if black else ', mode="reflect"'
    return [
        f"wide = functional.pad(pictures, [{pad}] * 4{mode})",
        *_window(2 * pad + 1, 2 * pad + 1),
        f"windows = [p[:, y : y + {height}, x : x + {width}] for p, y, x in zip(wide, top, left)]",
        "pictures = torch.stack(windows)",
    ]


def _lit(how: Augmentation, black: bool) -> list[str]:
    """Nothing becomes lighter or darker than the batch's own extremes, as no camera leaves 0 to 255."""
    lines = ["lightest = pictures.amax((0, 2, 3), keepdim=True)"]
    if not black:
        lines += ["darkest = pictures.amin((0, 2, 3), keepdim=True)"]
    if how.brightness:
        lines += [f"light = {_about_one(how.brightness)}.view(-1, 1, 1, 1)"]
    if how.contrast:
        lines += [f"contrast = {_about_one(how.contrast)}.view(-1, 1, 1, 1)"]
        lines += ["mean = pictures.mean((2, 3), keepdim=True)", "pictures = mean + contrast * (pictures - mean)"]
    if how.brightness:
        lines += [f"pictures = {'light * pictures' if black else 'darkest + light * (pictures - darkest)'}"]
    return [*lines, f"pictures = pictures.{'clamp(min=0).minimum(lightest)' if black else 'clamp(darkest, lightest)'}"]


def _gamma(most: float, black: bool) -> list[str]:
    lines = ["lightest = pictures.amax((0, 2, 3), keepdim=True)"]
    if black:
        change = "lightest * (pictures / lightest.clamp(min=1e-6)).clamp(0, 1) ** power"
    else:
        lines += ["darkest = pictures.amin((0, 2, 3), keepdim=True)", "span = (lightest - darkest).clamp(min=1e-6)"]
        change = "darkest + span * ((pictures - darkest) / span) ** power"
    return [*lines, f"power = {1 + most:.12g} ** between(-1, 1).view(-1, 1, 1, 1)", f"pictures = {change}"]


def _cut_out(share: float, shape: tuple[int, int, int], black: bool) -> list[str]:
    _, height, width = shape
    side = max(1, round(share * min(height, width)))
    return [
        *_window(height - side + 1, width - side + 1),
        *([] if black else ["mean = pictures.mean((0, 2, 3)).view(-1, 1, 1)"]),
        "for picture, y, x in zip(pictures, top, left):",
        f"    picture[:, y : y + {side}, x : x + {side}] = {0 if black else 'mean'}",
    ]
