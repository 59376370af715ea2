package io.flm.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a sample as a part of a shard in WebDataset's form: a picture, and beside it a {@code .txt} with its caption, or a {@code .json}
 * with {@code captions}. What is written depends on the sample alone: files are of nobody, and of no time. Read again, the sample has the
 * same key, the same bytes and the same captions.
 */
public final class TarSample {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_KEY_BYTES = 1 << 12;
    private static final int NAME_BYTES = 100; // that a header has room for
    private static final char BYTE_ORDER_MARK = '\ufeff'; // which belongs to no text of a .txt

    private TarSample() {}

    /** What stands behind the last sample of a shard. */
    public static byte[] end() {
        return new byte[2 * TarEntries.BLOCK];
    }

    /**
     * Why a key cannot be that of a sample in a shard; empty: it can. A name that leads out of the folder that a shard is unpacked into is
     * none, nor one that a reader would take for another key.
     */
    public static String problem(String key) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        if (key.isEmpty() || key.indexOf(0) >= 0 || bytes.length > MOST_KEY_BYTES) {
            return key.isEmpty() ? "is empty" : key.indexOf(0) >= 0 ? "holds a zero byte" : "is too long";
        }
        if (!new String(bytes, StandardCharsets.UTF_8).equals(key)) {
            return "holds half of a pair of surrogates";
        }
        if (key.startsWith("/") || List.of(key.split("/", -1)).contains("..")) {
            return "leads out of its folder";
        }
        String name = name(key, "image", "png");
        return PartName.of(name).key().equals(key) && !PartName.of(name).isHidden() ? "" : "is no name of a file";
    }

    /**
     * The bytes of a sample: headers and files, each up to a whole block.
     *
     * @param key without a {@link #problem}
     * @param captions at least one, as {@link Dataset#captions} has them
     */
    public static byte[] of(String key, PictureFormat format, byte[] picture, List<String> captions) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(picture.length + 4 * TarEntries.BLOCK);
        file(out, name(key, "image", format.end()), picture);
        if (captions.size() == 1 && captions.get(0).charAt(0) != BYTE_ORDER_MARK) {
            file(out, name(key, "caption", "txt"), captions.get(0).getBytes(StandardCharsets.UTF_8));
        } else {
            file(out, name(key, "caption", "json"), json(captions));
        }
        return out.toByteArray();
    }

    private static byte[] json(List<String> captions) {
        try {
            return JSON.writeValueAsBytes(Map.of("captions", captions));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts that JSON cannot hold", e);
        }
    }

    /** Of the file of a sample: a word before its form where the end of the key would be taken for such a word. */
    private static String name(String key, String word, String form) {
        String plain = key + "." + form;
        return PartName.of(plain).key().equals(key) ? plain : key + "." + word + "." + form;
    }

    private static void file(ByteArrayOutputStream out, String name, byte[] content) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > NAME_BYTES || bytes.length > name.length()) { // too long, or not in ASCII
            byte[] record = paxRecord(bytes);
            out.writeBytes(header("PaxHeaders/path".getBytes(StandardCharsets.US_ASCII), 'x', record.length));
            padded(out, record);
        }
        out.writeBytes(header(Arrays.copyOf(bytes, Math.min(bytes.length, NAME_BYTES)), '0', content.length));
        padded(out, content);
    }

    /** {@code "27 path=a name of any length\n"}, the number being the record's own length. */
    private static byte[] paxRecord(byte[] name) {
        int rest = " path=\n".length() + name.length;
        int length = rest + 1;
        while (length != rest + String.valueOf(length).length()) {
            length = rest + String.valueOf(length).length();
        }
        ByteArrayOutputStream record = new ByteArrayOutputStream(length);
        record.writeBytes((length + " path=").getBytes(StandardCharsets.US_ASCII));
        record.writeBytes(name);
        record.write('\n');
        return record.toByteArray();
    }

    /** A header of ustar (POSIX.1-1988). */
    private static byte[] header(byte[] name, char type, int sizeBytes) {
        byte[] header = new byte[TarEntries.BLOCK];
        System.arraycopy(name, 0, header, 0, name.length);
        put(header, 100, "0000644"); // mode
        put(header, 108, "0000000"); // owner
        put(header, 116, "0000000"); // group
        put(header, 124, String.format(Locale.ROOT, "%011o", sizeBytes));
        put(header, 136, "00000000000"); // time
        put(header, 148, "        "); // the checksum's own place counts as spaces
        put(header, 156, String.valueOf(type));
        put(header, 257, "ustar");
        put(header, 263, "00");
        int sum = 0;
        for (byte value : header) {
            sum += value & 0xff;
        }
        put(header, 148, String.format(Locale.ROOT, "%06o\0", sum));
        return header;
    }

    private static void put(byte[] header, int offset, String field) {
        byte[] bytes = field.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }

    private static void padded(ByteArrayOutputStream out, byte[] content) {
        out.writeBytes(content);
        int over = content.length % TarEntries.BLOCK;
        out.writeBytes(new byte[over == 0 ? 0 : TarEntries.BLOCK - over]);
    }
}
