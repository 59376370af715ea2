package io.flm.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Writes tar files byte by byte, also such as no library writes. */
final class TarBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** The bytes of a header, whose fields may be changed before it is added. */
    static byte[] header(String name, char type, long size) {
        byte[] header = new byte[512];
        put(header, 0, name.getBytes(StandardCharsets.UTF_8));
        put(header, 100, "0000644\0".getBytes(StandardCharsets.US_ASCII));
        put(header, 124, String.format("%011o", size).getBytes(StandardCharsets.US_ASCII));
        put(header, 136, "00000000000".getBytes(StandardCharsets.US_ASCII));
        header[156] = (byte) type;
        put(header, 257, "ustar\0".getBytes(StandardCharsets.US_ASCII));
        put(header, 263, "00".getBytes(StandardCharsets.US_ASCII));
        return header;
    }

    static void put(byte[] header, int offset, byte[] field) {
        System.arraycopy(field, 0, header, offset, field.length);
    }

    /** A header with its checksum. */
    TarBytes with(byte[] header) {
        put(header, 148, "        ".getBytes(StandardCharsets.US_ASCII));
        int sum = 0;
        for (byte value : header) {
            sum += value & 0xff;
        }
        put(header, 148, String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(header);
        return this;
    }

    TarBytes raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    /** Bytes up to a whole block. */
    TarBytes content(byte[] content) {
        return raw(Arrays.copyOf(content, (content.length + 511) / 512 * 512));
    }

    TarBytes file(String name, byte[] content) {
        return with(header(name, '0', content.length)).content(content);
    }

    TarBytes file(String name, String content) {
        return file(name, content.getBytes(StandardCharsets.UTF_8));
    }

    TarBytes sample(String key) {
        return file(key + ".png", Shards.png(4, 4, 0x336699)).file(key + ".txt", "a " + key);
    }

    TarBytes link(char type, String name, String target) {
        byte[] header = header(name, type, 0);
        put(header, 157, target.getBytes(StandardCharsets.UTF_8));
        return with(header);
    }

    TarBytes pax(char type, String... records) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (String record : records) {
            int length = record.getBytes(StandardCharsets.UTF_8).length + 2; // the space and the end of line
            int digits = 1;
            while (String.valueOf(length + digits).length() > digits) {
                digits++;
            }
            content.writeBytes((length + digits + " " + record + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return with(header("PaxHeaders/0", type, content.size())).content(content.toByteArray());
    }

    /** The mark of the end, of 1,024 bytes or more. */
    TarBytes end(int blocks) {
        return raw(new byte[512 * blocks]);
    }

    int size() {
        return out.size();
    }

    Path write(Path file) {
        try {
            return Files.write(file, out.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
