"""The same by webdataset, with a decoder of Python's: started with pillow, pillow-draft or torchvision; one thread.

Reads lines of a shard and a size, makes uint8 tensors [3, size, size] of all its pictures, and answers with the processor time of the
whole process in seconds, and the sum of all bytes.
"""
import io
import sys
import time

import numpy
import webdataset
from PIL import Image

DECODER = sys.argv[1]


def by_pillow(file, size):
    picture = Image.open(io.BytesIO(file))
    if DECODER == "pillow-draft":
        picture.draft("RGB", (size, size))
    picture = picture.convert("RGB")
    width, height = picture.size
    shorter = min(width, height)
    picture = picture.resize((width * size // shorter, height * size // shorter), Image.BICUBIC)
    left, top = round((picture.size[0] - size) / 2), round((picture.size[1] - size) / 2)
    picture = picture.crop((left, top, left + size, top + size))
    return numpy.ascontiguousarray(numpy.asarray(picture).transpose(2, 0, 1))


def by_torchvision(file, size):
    picture = decode_jpeg(torch.frombuffer(bytearray(file), dtype=torch.uint8), mode=ImageReadMode.RGB)
    height, width = picture.shape[1:]
    shorter = min(width, height)
    picture = resize(picture, [height * size // shorter, width * size // shorter], InterpolationMode.BICUBIC, antialias=True)
    return center_crop(picture, [size, size]).contiguous()


if DECODER == "torchvision":
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg
    from torchvision.transforms.functional import InterpolationMode, center_crop, resize

    torch.set_num_threads(1)
tensor = by_torchvision if DECODER == "torchvision" else by_pillow

print("ready", flush=True)
for line in sys.stdin:
    shard, size = line.rsplit(" ", 1)
    before = time.process_time()
    total = 0
    for sample in webdataset.WebDataset(shard, shardshuffle=False, empty_check=False):
        total += int(tensor(sample["jpg"], int(size)).sum())
    print(time.process_time() - before, total, flush=True)
