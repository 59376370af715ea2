"""Makes the files of this folder, and pixels.csv: the SHA-256 of R, G, B of each pixel as Pillow 13.0.0 has them by convert("RGB").

Of grey of 16 bits the upper 8 are taken, where Pillow makes all but the darkest white. Pillow turns a TIFF as its orientation says;
here it is as it is stored. Needs Pillow and numpy: python make.py
"""
import hashlib
import io
import os
import struct
import zlib

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(7)
WIDTH, HEIGHT = 41, 23
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
RGB = np.stack([x * 6, y * 11, (x * 7 + y * 13) % 256], -1).astype(np.uint8)
RGB[8:11] = random.randint(0, 256, (3, WIDTH, 3))
PICTURE = Image.fromarray(RGB)
ALPHA = random.randint(0, 256, (HEIGHT, WIDTH, 1)).astype(np.uint8)
files = {}


def saved(name, picture, **options):
    out = io.BytesIO()
    picture.save(out, name.rsplit(".")[-1].replace("tif", "tiff"), **options)
    files[name] = out.getvalue()


def bits(values, depth):
    """Rows of small numbers, each padded to whole bytes."""
    rows = []
    for row in values:
        text = "".join(format(value, f"0{depth}b") for value in row)
        text += "0" * (-len(text) % 8)
        rows.append(bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)))
    return rows


def bmp(name, rows, depth, palette=b"", colors=0, compression=0, top_down=False, header=40, more=b""):
    pixels = b"".join(row + b"\0" * (-len(row) % 4) for row in rows) if isinstance(rows, list) else rows
    if header == 12:
        head = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, depth)
    else:
        height = -HEIGHT if top_down else HEIGHT
        head = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, depth, compression, len(pixels), 0, 0, colors, 0)
        head += more.ljust(header - 40, b"\0")
    at = 14 + len(head) + len(palette)
    files[name] = struct.pack("<2sIHHI", b"BM", at + len(pixels), 0, 0, at) + head + palette + pixels


def runs(values, four):
    """Runs, plain stretches, and a jump over the zeros at the beginning of rows."""
    out = b""
    for row in values.tolist():
        at = 0
        while at < len(row) - 1 and row[at] == 0:
            at += 1
        out += bytes([0, 2, at, 0]) if at else b""
        while at < len(row):
            count = 1
            while at + count < len(row) and row[at + count] == row[at]:
                count += 1
            if count > 1 or len(row) - at < 3:
                out += bytes([count, row[at] * 17 if four else row[at]])
            else:
                count = min(5, len(row) - at)
                plain = row[at : at + count]
                packed = bits([plain], 4)[0] if four else bytes(plain)
                out += bytes([0, count]) + packed + b"\0" * (len(packed) & 1)
            at += count
        out += b"\0\0"
    return out + b"\0\1"


def tiff(name, values, depth, photometric, end="<", planar=False, tile=0, deflated=False, differences=False, **tags):
    kind = {8: "u1", 16: end + "u2"}.get(depth)
    samples = values.shape[2]

    def packed(part):
        if differences:
            part = part.astype(np.int64)
            part[:, 1:] -= part[:, :-1].copy()
            part %= 1 << depth
        plain = part.astype(kind).tobytes() if kind else b"".join(bits(part.reshape(len(part), -1), depth))
        return zlib.compress(plain) if deflated else plain

    chunks = []
    for plane in np.split(values, samples, 2) if planar else [values]:
        if tile:
            padded = np.pad(plane, ((0, -HEIGHT % tile), (0, -WIDTH % tile), (0, 0)))
            chunks += [
                packed(padded[top : top + tile, left : left + tile])
                for top in range(0, HEIGHT, tile)
                for left in range(0, WIDTH, tile)
            ]
        else:
            chunks += [packed(plane[top : top + 10]) for top in range(0, HEIGHT, 10)]
    places, body = [], b""
    for chunk in chunks:
        places.append(8 + len(body))
        body += chunk + b"\0" * (len(chunk) & 1)
    numbers = {256: [WIDTH], 257: [HEIGHT], 258: [depth] * samples, 259: [8 if deflated else 1], 262: [photometric]}
    numbers |= {277: [samples], 284: [2 if planar else 1], 317: [2 if differences else 1]}
    sizes = [len(chunk) for chunk in chunks]
    numbers |= {322: [tile], 323: [tile], 324: places, 325: sizes} if tile else {273: places, 278: [10], 279: sizes}
    numbers |= {int(tag[1:]): list(said) for tag, said in tags.items()}
    entries, more, more_at = b"", b"", 8 + len(body) + 6 + 12 * len(numbers)
    for tag in sorted(numbers):
        wide = tag in (273, 279, 324, 325)
        packed_numbers = struct.pack(f"{end}{len(numbers[tag])}{'I' if wide else 'H'}", *numbers[tag])
        if len(packed_numbers) > 4:
            more += packed_numbers + b"\0" * (len(packed_numbers) & 1)
            packed_numbers = struct.pack(end + "I", more_at + len(more) - len(packed_numbers) - (len(packed_numbers) & 1))
        entries += struct.pack(end + "HHI", tag, 4 if wide else 3, len(numbers[tag])) + packed_numbers.ljust(4, b"\0")
    head = (b"II" if end == "<" else b"MM") + struct.pack(end + "HI", 42, 8 + len(body))
    files[name] = head + body + struct.pack(end + "H", len(numbers)) + entries + bytes(4) + more


# GIF
saved("plain.gif", PICTURE.quantize(200), interlace=0)
saved("interlaced.gif", PICTURE.quantize(7), interlace=1, transparency=2)
saved("grey.gif", PICTURE.convert("L"))
saved("animated.gif", PICTURE.quantize(16), save_all=True, append_images=[PICTURE.rotate(180)], duration=40)
for name, source, place in (("on-canvas.gif", "interlaced.gif", (60, 50, 10, 20)), ("beyond-canvas.gif", "plain.gif", (20, 20, 10, 20))):
    moved = bytearray(files[source])
    frame = moved.index(b",", 13 + 3 * (2 << (moved[10] & 7)))
    moved[6:10] = struct.pack("<HH", *place[:2])
    moved[frame + 1 : frame + 5] = struct.pack("<HH", *place[2:])
    files[name] = bytes(moved)

# BMP
for depth in (1, 4, 8):
    colors = random.randint(0, 256, (1 << depth, 4)).astype(np.uint8)
    values = random.randint(0, 1 << depth, (HEIGHT, WIDTH))
    bmp(f"palette-{depth}.bmp", bits(values, depth), depth, colors.tobytes())
    bmp(f"short-palette-{depth}.bmp", bits(values, depth), depth, colors[: 1 << depth - 1].tobytes(), 1 << depth - 1)
    bmp(f"os2-{depth}.bmp", bits(values, depth), depth, colors[:, :3].tobytes(), header=12)
    if depth > 1:
        values[5] = 3
        values[:, :7] = 0
        bmp(f"runs-{depth}.bmp", runs(values, depth == 4), depth, colors.tobytes(), compression=2 if depth == 4 else 1)
words = [row.tobytes() for row in random.randint(0, 1 << 16, (HEIGHT, WIDTH)).astype("<u2")]
bmp("five-bits.bmp", words, 16)
bmp("six-bits.bmp", words, 16, compression=3, header=124, more=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
bmp("top-down.bmp", [row.tobytes() for row in RGB], 24, top_down=True)
ints = [row.tobytes() for row in random.randint(0, 1 << 32, (HEIGHT, WIDTH)).astype("<u4")]
bmp("four-bytes.bmp", ints, 32)
bmp("masks.bmp", ints, 32, compression=3, header=108, more=struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000))

# TIFF
for packing in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"):
    saved(f"{packing}.tif", PICTURE, compression=packing)
saved("lzw-differences.tif", PICTURE, compression="tiff_lzw", tiffinfo={317: 2})
saved("one-bit.tif", PICTURE.convert("1"))
saved("cmyk.tif", PICTURE.convert("CMYK"), compression="tiff_lzw")
saved("pages.tif", PICTURE, save_all=True, append_images=[PICTURE.rotate(180)])
saved("turned.tif", PICTURE, tiffinfo={274: 6})
for end, order in (("<", "little"), (">", "big")):
    wide = random.randint(0, 1 << 16, (HEIGHT, WIDTH, 3))
    tiff(f"{order}-16.tif", wide, 16, 2, end, deflated=True, differences=True)
    tiff(f"{order}-tiles.tif", RGB, 8, 2, end, planar=True, tile=16, deflated=True, differences=True)
    tiff(f"{order}-grey-16.tif", wide[:, :, :1], 16, 1, end)
    tiff(f"{order}-planes.tif", RGB, 8, 2, end, planar=True)
    for depth in (2, 4):
        values = random.randint(0, 1 << depth, (HEIGHT, WIDTH, 1))
        tiff(f"{order}-grey-{depth}.tif", values, depth, 0, end)
        tiff(f"{order}-palette-{depth}.tif", values, depth, 3, end, t320=random.randint(0, 1 << 16, 3 << depth).tolist())
tiff("alpha.tif", np.dstack([RGB, ALPHA]), 8, 2, t338=[2])
multiplied = (RGB.astype(np.int64) * ALPHA // 255).astype(np.uint8)
tiff("multiplied.tif", np.dstack([multiplied, ALPHA]), 8, 2, t338=[1])

with open(os.path.join(HERE, "pixels.csv"), "w") as pixels:
    for name in sorted(files):
        with open(os.path.join(HERE, name), "wb") as out:
            out.write(files[name])
        picture = Image.open(io.BytesIO(files[name]))
        if name.endswith(".tif"):
            picture.tag_v2.pop(274, None)
        picture.load()
        if picture.mode.startswith("I;16"):
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        width, height = (WIDTH, HEIGHT) if name == "turned.tif" else picture.size
        rgb = PICTURE if name == "turned.tif" else picture.convert("RGB")
        pixels.write(f"{name}, {width}, {height}, {hashlib.sha256(rgb.tobytes()).hexdigest()}\n")
