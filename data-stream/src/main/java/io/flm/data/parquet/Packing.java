package io.flm.data.parquet;

import io.airlift.compress.Decompressor;
import io.airlift.compress.MalformedInputException;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** How pages are packed, by the numbers of the format. */
final class Packing {
    private static final List<String> NAMES =
            List.of("uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4 of Hadoop", "zstd", "lz4");
    private static final int GZIP = 2;

    private Packing() {}

    static String name(int codec) {
        return codec >= 0 && codec < NAMES.size() ? NAMES.get(codec) : "number " + codec;
    }

    static boolean isKnown(int codec) {
        return codec == 0 || codec == 1 || codec == GZIP || codec == 6 || codec == 7;
    }

    /**
     * Unpacks bytes.
     *
     * @param into filled to its end
     * @throws IllegalArgumentException where they are damaged, or have another size
     */
    static void unpack(int codec, byte[] packed, int from, int length, byte[] into, int at) {
        int size = into.length - at;
        if (codec == 0) {
            require(length == size);
            System.arraycopy(packed, from, into, at, size);
        } else if (codec == GZIP) {
            try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed, from, length))) {
                require(in.readNBytes(into, at, size) == size && in.read() < 0);
            } catch (IOException e) {
                throw new IllegalArgumentException("packed bytes are damaged", e);
            }
        } else {
            try {
                require(decompressor(codec).decompress(packed, from, length, into, at, size) == size);
            } catch (MalformedInputException e) {
                throw new IllegalArgumentException("packed bytes are damaged", e);
            }
        }
    }

    /** A new one each: they are used by one thread. */
    private static Decompressor decompressor(int codec) {
        return switch (codec) {
            case 1 -> new SnappyDecompressor();
            case 6 -> new ZstdDecompressor();
            default -> new Lz4Decompressor();
        };
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException("packed bytes of another size");
        }
    }
}
