"""Makes the small Arrow files beside it, by pyarrow 26.0.1: python make.py

fluent.arrow is not made here: 64 pictures of ../../../../../../../emoji/emoji-fluent.tar.gz with their captions, in ViLT's form,
in four record batches. Its licences are those of that archive (README.md beside it): pictures MIT (Microsoft), names and keywords
Unicode-3.0.
"""
import struct
import zlib

import pyarrow as pa


def png(value):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes([value, 2, 3]) * 4 for _ in range(4))
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def table(**columns):
    return pa.table(columns)


def write(name, made, rows=2, **options):
    with pa.ipc.new_file(name, made.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        for batch in made.to_batches(max_chunksize=rows):
            out.write_batch(batch)


IMAGES = [png(value) for value in range(5)]
LISTS = [["a", "ein b"], ["c"], ["d", "e", "f"], ["g"], ["h"]]
TEXTS = ["a", "b", "ä €", "d", "e"]
PLAIN = table(image=pa.array(IMAGES, pa.binary()), caption=pa.array(LISTS, pa.list_(pa.string())))

write("plain.arrow", PLAIN)
write("lz4.arrow", PLAIN, compression="lz4")
write("zstd.arrow", PLAIN, compression="zstd")
write("empty.arrow", PLAIN.slice(0, 0))
with pa.ipc.new_stream("stream.arrow", PLAIN.schema) as out:
    out.write_table(PLAIN)

# Columns of all kinds of layouts before those that are read, which must be passed over by the right number of buffers.
write(
    "large.arrow",
    table(
        nothing=pa.nulls(5),
        flag=pa.array([True, None, False, True, True]),
        time=pa.array([1, 2, None, 4, 5], pa.timestamp("s")),
        box=pa.array([{"x": 1, "tags": ["t"]}, None, {"x": 2, "tags": []}, {"x": 3, "tags": None}, {"x": 4, "tags": ["u", "v"]}]),
        pair=pa.array([[1, 2], [3, 4], None, [5, 6], [7, 8]], pa.list_(pa.int16(), 2)),
        code=pa.array([b"ab", b"cd", None, b"ef", b"gh"], pa.binary(2)),
        pairs=pa.array([[("k", 1)], [], None, [("l", 2)], []], pa.map_(pa.string(), pa.int32())),
        either=pa.UnionArray.from_dense(
            pa.array([0, 1, 0, 1, 0], pa.int8()), pa.array([0, 0, 1, 1, 2], pa.int32()), [pa.array([1, 2, 3]), pa.array(["x", "y"])]
        ),
        one_of=pa.UnionArray.from_sparse(pa.array([0, 0, 1, 0, 1], pa.int8()), [pa.array([1, 2, 3, 4, 5]), pa.array(list("vwxyz"))]),
        split=pa.array(["train"] * 5).dictionary_encode(),
        image_id=pa.array([7, 11, -3, 2**40, None], pa.int64()),
        caption=pa.array(TEXTS[:4] + [None], pa.large_string()),
        image=pa.array(IMAGES[:1] + [None] + IMAGES[2:], pa.large_binary()),
    ),
    rows=3,
)
write(
    "nulls.arrow",
    table(
        image=pa.array(IMAGES, pa.binary()),
        image_id=pa.array(["one", "two", None, "four", ""]),
        caption=pa.array([["a", None], None, [], [None], [" . "]], pa.large_list(pa.large_string())),
    ),
    rows=5,
)
KEYS = pa.array(["one", "secret", "three", "four", "five"])
HIDDEN = pa.StringArray.from_buffers(5, *KEYS.buffers()[1:], pa.py_buffer(bytes([0b11101])), 1)  # a null with bytes
write("hidden.arrow", PLAIN.append_column("image_id", HIDDEN), rows=5)
for bits, kind in ((32, pa.uint32()), (64, pa.uint64())):
    write(f"unsigned{bits}.arrow", PLAIN.append_column("image_id", pa.array([7, 2**bits - 3, None, 0, 2 ** (bits - 1)], kind)))
write("dictionary.arrow", table(image=pa.array(IMAGES, pa.binary()), caption=pa.array(TEXTS).dictionary_encode()))
write(
    "struct.arrow",
    table(image=pa.array([{"bytes": image, "path": "p"} for image in IMAGES]), caption=pa.array(TEXTS)),
)
write("numbers.arrow", table(image=pa.array(IMAGES, pa.binary()), caption=pa.array([[1], [2], [3], [4], [5]])))
write("view.arrow", table(image=pa.array(IMAGES, pa.binary_view()), caption=pa.array(TEXTS)))
write("questions.arrow", table(image=pa.array(IMAGES, pa.binary()), questions=pa.array(LISTS), answers=pa.array(LISTS)))
