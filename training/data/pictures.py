"""Pictures that are no photos, made for teaching: drawings, screenshots, and (from `signs`) lettering."""
from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from .signs import colour, fonts, poster, words

PAGES = ("post", "chat", "article", "settings", "table", "editor")


def icon(path: Path, size: int):
    """An SVG as an RGBA image. Any set of icons or emoji will do."""
    import io

    import resvg_py
    from PIL import Image

    png = bytes(resvg_py.svg_to_bytes(svg_string=path.read_text(encoding="utf-8"), width=size, height=size))
    return Image.open(io.BytesIO(png)).convert("RGBA")


def ground(rng: random.Random, size: tuple[int, int]):
    """A plain or shaded ground, or sky over land."""
    from PIL import Image, ImageDraw

    w, h = size
    a, b = (np.array(colour(rng, rng.random() < 0.2)) for _ in range(2))
    if rng.random() < 0.4:
        b = a
    ramp = np.linspace(0, 1, h)[:, None, None] * (b - a) + a
    image = Image.fromarray(np.broadcast_to(ramp, (h, w, 3)).astype(np.uint8))
    if rng.random() < 0.4:
        ImageDraw.Draw(image).rectangle((0, int(h * rng.uniform(0.55, 0.85)), w, h), fill=colour(rng, rng.random() < 0.5))
    return image


def shapes(rng: random.Random, size: tuple[int, int]):
    """Flat shapes, outlined or not."""
    from PIL import ImageDraw

    image, (w, h) = ground(rng, size), size
    draw = ImageDraw.Draw(image)
    line = (20, 20, 20) if rng.random() < 0.6 else None
    for _ in range(rng.randint(4, 14)):
        x, y, r = rng.uniform(0, w), rng.uniform(0, h), min(w, h) * rng.uniform(0.04, 0.3)
        fill, box = colour(rng, rng.random() < 0.3), (x - r, y - r * rng.uniform(0.5, 1.2), x + r, y + r)
        rng.choice((lambda: draw.ellipse(box, fill=fill, outline=line, width=2), lambda: draw.rounded_rectangle(box, r / 3, fill=fill, outline=line, width=2),
                    lambda: draw.regular_polygon((x, y, r), rng.randint(3, 8), rng.randint(0, 90), fill=fill, outline=line)))()
    return image


def cartoon(photo: np.ndarray, rng: random.Random):
    """A photo's outlines: as a pencil drawing, or inked over few flat colours."""
    from PIL import Image, ImageChops, ImageFilter, ImageOps

    image = Image.fromarray(photo).convert("RGB")
    lines = ImageOps.invert(image.convert("L").filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.FIND_EDGES))
    lines = lines.point(lambda v, cut=rng.randint(190, 225): 255 if v > cut else max(0, v - 90))
    if rng.random() < 0.35:
        return lines.convert("RGB")
    flat = image.filter(ImageFilter.MedianFilter(7)).quantize(rng.randint(5, 12)).convert("RGB")
    flat = ImageOps.autocontrast(flat).filter(ImageFilter.MedianFilter(5))
    return ImageChops.multiply(flat, lines.convert("RGB"))


def drawing(rng: random.Random, icons: list[Path], photo: np.ndarray) -> np.ndarray:
    w, h = rng.choice(((320, 320), (320, 240), (240, 320), (320, 180)))
    roll = rng.random()
    if roll < 0.25:
        return np.asarray(cartoon(photo, rng))
    if roll < 0.4:
        return np.asarray(shapes(rng, (w, h)))
    image = ground(rng, (w, h))
    many = rng.choice((1, 1, 2, 3, 5, 8))
    for _ in range(many):
        size = int(min(w, h) * (rng.uniform(0.5, 0.95) if many == 1 else rng.uniform(0.15, 0.6)))
        part = icon(rng.choice(icons), size)
        image.paste(part, (rng.randint(-size // 6, max(0, w - size * 5 // 6)), rng.randint(-size // 6, max(0, h - size * 5 // 6))), part)
    return np.asarray(image)


def screenshot(rng: random.Random, kind: str, photo: np.ndarray) -> np.ndarray:
    """A page as a phone or a browser shows it."""
    from PIL import Image, ImageDraw, ImageFont

    phone = kind in ("chat", "settings") or (kind == "post" and rng.random() < 0.6)
    w, h = rng.choice(((240, 426), (260, 400), (300, 400)) if phone else ((420, 300), (480, 270), (400, 400)))
    dark = rng.random() < 0.3
    paper, ink, faint = ((24, 26, 30), (235, 235, 235), (110, 115, 120)) if dark else ((255, 255, 255), (25, 25, 28), (150, 155, 160))
    accent = colour(rng, rng.random() < 0.6)
    image = Image.new("RGB", (w, h), paper)
    draw = ImageDraw.Draw(image)
    name = rng.choice([f for f in fonts() if ("Mono" in f) == (kind == "editor")])
    small, normal = ImageFont.truetype(name, rng.randint(8, 10)), ImageFont.truetype(name, rng.randint(10, 13))
    write = lambda x, y, text, font=normal, fill=ink: draw.text((x, y), text, font=font, fill=fill)
    some = lambda least=2, most=7: words(rng, least, most)

    def circle(x, y, size):
        part = Image.fromarray(photo).convert("RGB").resize((size, size))
        mask = Image.new("L", (size, size), 0)
        ImageDraw.Draw(mask).ellipse((0, 0, size - 1, size - 1), fill=255)
        image.paste(part, (x, y), mask)

    bar = rng.randint(14, 30)
    draw.rectangle((0, 0, w, bar), fill=rng.choice((accent, (40, 42, 48) if dark else (238, 240, 243))))
    if phone:
        write(8, 3, f"{rng.randint(1, 23)}:{rng.randint(10, 59)}", small, faint)
        draw.rectangle((w - 26, 4, w - 10, 11), outline=faint)
    else:
        for i, tint in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
            draw.ellipse((6 + 12 * i, bar // 2 - 4, 14 + 12 * i, bar // 2 + 4), fill=tint)
        draw.rounded_rectangle((54, 3, w - 20, bar - 3), 5, fill=paper, outline=faint)
        write(60, bar // 2 - 5, f"{some(1, 2).lower().replace(' ', '')}.com/{some(1, 2).lower().replace(' ', '-')}", small, faint)
    y = bar + 8
    while y < h - 12:
        if kind == "post":
            circle(8, y, 26)
            write(40, y, some(1, 2).title(), normal), write(40, y + 13, f"@{some(1, 1).lower()} · {rng.randint(1, 23)}h", small, faint)
            y += 32
            for _ in range(rng.randint(1, 4)):
                write(12, y, some(3, 8)), (y := y + 15)
            if rng.random() < 0.5:
                part = Image.fromarray(photo).convert("RGB").resize((w - 40, int((w - 40) * rng.uniform(0.3, 0.6))))
                image.paste(part, (14, y + 2)), (y := y + part.height + 6)
            for i in range(4):
                draw.ellipse((16 + i * (w // 4), y + 3, 24 + i * (w // 4), y + 11), outline=faint), write(28 + i * (w // 4), y + 2, str(rng.randint(0, 900)), small, faint)
            draw.line((0, y + 18, w, y + 18), fill=faint), (y := y + 24)
        elif kind == "chat":
            text = some(1, 5)
            wide, mine = min(w - 30, int(normal.getlength(text)) + 16), rng.random() < 0.5
            x = w - wide - 8 if mine else 8
            draw.rounded_rectangle((x, y, x + wide, y + 22), 9, fill=accent if mine else ((60, 62, 66) if dark else (230, 232, 235)))
            write(x + 8, y + 4, text, normal, (255, 255, 255) if mine else ink), (y := y + rng.choice((26, 26, 40)))
        elif kind == "settings":
            write(14, y, some(1, 3)), draw.rounded_rectangle((w - 44, y + 1, w - 18, y + 14), 7, fill=accent if rng.random() < 0.5 else faint)
            draw.line((10, y + 21, w, y + 21), fill=faint), (y := y + 26)
        elif kind == "article":
            if y < bar + 12:
                write(16, y, some(3, 6).title(), ImageFont.truetype(name, rng.randint(15, 20))), (y := y + 28)
                if rng.random() < 0.6:
                    part = Image.fromarray(photo).convert("RGB").resize((int(w * 0.5), int(h * 0.3)))
                    image.paste(part, (16, y)), (y := y + part.height + 8)
            for _ in range(rng.randint(3, 6)):
                write(16, y, some(4, 9), small), (y := y + 12)
            y += 8
        elif kind == "table":
            for i in range(5):
                x = i * w // 5
                draw.rectangle((x, y, x + w // 5, y + 16), outline=faint), write(x + 3, y + 2, str(rng.randint(1, 9999)) if i else some(1, 1), small)
            y += 16
        else:
            write(6, y, f"{(y - bar) // 13:3}", small, faint)
            write(30 + 10 * rng.randint(0, 3), y, some(1, 5).lower().replace(" ", rng.choice(("_", ".", " = ", "("))), small, rng.choice((ink, accent, (120, 160, 220)))), (y := y + 13)
    return np.asarray(image)


def lettering(rng: random.Random, photo: np.ndarray) -> np.ndarray:
    return poster(photo, rng)[0]
