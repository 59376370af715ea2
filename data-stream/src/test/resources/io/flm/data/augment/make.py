"""Makes what Pillow's operations make of three small pictures.

    pip install pillow==13.0.0
    python make.py EMOJI.tar.gz EMOJI.png NLVR.png

EMOJI.png is a member of the archive, 64 x 64; of NLVR.png, one of NLVR's pictures, 64 x 64 pixels of its first box are taken; noise.png has
values of all kinds. NAME.png is the picture, NAME-operations.png one square below another: the operations of operations.txt,
each with its strength, in that order.
"""

import io
import random
import sys
import tarfile

from PIL import Image, ImageEnhance, ImageOps

AFFINE = Image.Transform.AFFINE


def raised(image, by):
    """Values raised, cut to a byte."""
    return image.point([min(255, int(value + by)) for value in range(256)] * 3)


OPERATIONS = {
    "AUTO_CONTRAST": lambda image, _: ImageOps.autocontrast(image),
    "EQUALIZE": lambda image, _: ImageOps.equalize(image),
    "ROTATE": lambda image, v: image.rotate(v),
    "POSTERIZE": lambda image, v: ImageOps.posterize(image, max(1, int(v))),
    "SOLARIZE": ImageOps.solarize,
    "SOLARIZE_ADD": lambda image, v: ImageOps.solarize(raised(image, v), 128),
    "COLOR": lambda image, v: ImageEnhance.Color(image).enhance(v),
    "CONTRAST": lambda image, v: ImageEnhance.Contrast(image).enhance(v),
    "BRIGHTNESS": lambda image, v: ImageEnhance.Brightness(image).enhance(v),
    "SHARPNESS": lambda image, v: ImageEnhance.Sharpness(image).enhance(v),
    "SHEAR_X": lambda image, v: image.transform(image.size, AFFINE, (1, v, 0, 0, 1, 0)),
    "SHEAR_Y": lambda image, v: image.transform(image.size, AFFINE, (1, 0, 0, v, 1, 0)),
    "TRANSLATE_X": lambda image, v: image.transform(image.size, AFFINE, (1, 0, v, 0, 1, 0)),
    "TRANSLATE_Y": lambda image, v: image.transform(image.size, AFFINE, (1, 0, 0, 0, 1, v)),
}

# The strengths of magnitude 9, and others.
STRENGTHS = {
    "AUTO_CONTRAST": [0.3],
    "EQUALIZE": [0.3],
    "ROTATE": [9, -9, 25.5],
    "POSTERIZE": [1.2, 3.6],
    "SOLARIZE": [76.8, 200],
    "SOLARIZE_ADD": [33, 69.7],
    "COLOR": [0.64, 1.72],
    "CONTRAST": [0.64, 1.72],
    "BRIGHTNESS": [0.64, 1.72],
    "SHARPNESS": [0.64, 1.72],
    "SHEAR_X": [0.09, -0.09, 0.28],
    "SHEAR_Y": [0.09, -0.09, 0.28],
    "TRANSLATE_X": [4, -4, 9.6],
    "TRANSLATE_Y": [4, -4, 9.6],
}


def noise(side):
    draw = random.Random(1)
    return Image.frombytes("RGB", (side, side), bytes(draw.randrange(256) for _ in range(3 * side * side)))


def save(name, image):
    steps = [(operation, strength) for operation in OPERATIONS for strength in STRENGTHS[operation]]
    column = Image.new("RGB", (image.width, image.height * len(steps)))
    for i, (operation, strength) in enumerate(steps):
        column.paste(OPERATIONS[operation](image, strength), (0, i * image.height))
    image.save(name + ".png", optimize=True)
    column.save(name + "-operations.png", optimize=True)
    with open("operations.txt", "w") as file:
        file.writelines(f"{operation} {float(strength)}\n" for operation, strength in steps)


with tarfile.open(sys.argv[1]) as shard:
    save("emoji", Image.open(io.BytesIO(shard.extractfile(sys.argv[2]).read())).convert("RGB"))
save("nlvr", Image.open(sys.argv[3]).convert("RGB").crop((18, 18, 82, 82)))
save("noise", noise(24))
