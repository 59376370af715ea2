package io.flm.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The table of contents of a tar file: v7, ustar, pax and GNU's dialect. A tar file is a chain of blocks of 512 bytes, a header
 * before the blocks of each file, and blocks of zeros at its end. Tar files that were joined have such ends in between: it is
 * read on behind them.
 *
 * <p>This is not left to a library, because names are bytes here, whatever the locale; because each header's checksum is
 * checked, so that damage is named by its byte; and because a table of millions of files takes no memory.
 */
final class TarEntries {
    static final int BLOCK = 512;

    /** Long names and the records of pax; a real one has a few hundred bytes. */
    private static final int MOST_HEADER_BYTES = 1 << 20;

    private static final int WINDOW = 8 * BLOCK;
    private static final String GNU_SPARSE = "GNU.sparse.";

    /** What an entry is, as people call it. Folders are none: nothing lies in them that has no entry of its own. */
    enum Type {
        FILE("a file"),
        HARD_LINK("a hard link"),
        SYMBOLIC_LINK("a symbolic link, which is not followed"),
        SPARSE("a sparse file, which is not unfolded"),
        DEVICE("a device"),
        PIPE("a named pipe"),
        UNKNOWN("an entry of an unknown type");

        private final String description;

        Type(String description) {
            this.description = description;
        }

        @Override
        public String toString() {
            return description;
        }
    }

    /**
     * An entry.
     *
     * @param offset of its first byte in the tar file
     * @param target what a link points to; empty for others
     */
    record Entry(String name, Type type, long offset, long sizeBytes, String target) {}

    /** The file is no tar file, or a damaged one; the message says where. */
    static class Damage extends IOException {
        private static final long serialVersionUID = 1L;

        Damage(String message) {
            super(message);
        }
    }

    /** All entries are whole, but nothing says that they are all. */
    static final class NoEnd extends Damage {
        private static final long serialVersionUID = 1L;

        NoEnd(String message) {
            super(message);
        }
    }

    /** What pax or GNU headers say of the entry behind them. */
    private static final class Extension {
        private byte[] name = {};
        private byte[] target = {};
        private long sizeBytes = -1;
        private boolean sparse;
    }

    private final Bytes bytes;
    private final long size;
    private final Consumer<Entry> visitor;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW).limit(0);
    private long windowStart;

    private TarEntries(Bytes bytes, Consumer<Entry> visitor) {
        this.bytes = bytes;
        this.size = bytes.size();
        this.visitor = visitor;
    }

    /** Calls {@code visitor} with each entry, in their order. */
    static void visit(Bytes bytes, Consumer<Entry> visitor) throws IOException {
        new TarEntries(bytes, visitor).visit();
    }

    private void visit() throws IOException {
        Extension extension = new Extension();
        boolean ended = false;
        long position = 0;
        while (size - position >= BLOCK) {
            ByteBuffer header = block(position);
            if (isZero(header)) {
                extension = new Extension(); // an archive that ends names no entry of the one behind it
                ended = true;
                position += BLOCK;
                continue;
            }
            requireHeader(header, position, ended);
            ended = false;
            byte type = header.get(156);
            long data = position + BLOCK;
            if (type == 'x' || type == 'X' || type == 'L' || type == 'K') {
                long length = number(header, position, 124, 12);
                extend(extension, type, data, length);
                position = data + padded(length);
            } else {
                position = entry(header, position, type, extension);
                extension = new Extension();
            }
        }
        if (!ended && position == size) {
            throw new NoEnd("ends at byte " + size + " without the mark of an end, as if it were cut there");
        }
        if (!ended) {
            throw new Damage("cut at byte " + size + ", before the mark of its end");
        }
        if (position < size && !isZero(read(position, (int) (size - position)))) {
            throw new Damage("byte " + position + ": " + (size - position) + " bytes that are no tar");
        }
    }

    private static void requireHeader(ByteBuffer header, long position, boolean ended) throws Damage {
        long unsigned = 0;
        long signed = 0; // of some old programs
        for (int i = 0; i < BLOCK; i++) {
            byte value = i >= 148 && i < 156 ? (byte) ' ' : header.get(i);
            unsigned += value & 0xff;
            signed += value;
        }
        long checksum = number(header, position, 148, 8);
        if (checksum != unsigned && checksum != signed) {
            throw new Damage("byte " + position + ": no header of a tar entry"
                    + (ended ? " behind the end of what was joined" : ""));
        }
    }

    /** Takes in a header that belongs to the entry behind it. */
    private void extend(Extension extension, byte type, long data, long length) throws IOException {
        if (length > MOST_HEADER_BYTES) {
            throw new Damage("byte " + data + ": a header of " + length + " bytes");
        }
        requireRoom(data, length, "a header");
        byte[] content = new byte[(int) length];
        read(data, content.length).get(content);
        switch (type) {
            case 'L' -> extension.name = untilNul(content, 0, content.length);
            case 'K' -> extension.target = untilNul(content, 0, content.length);
            default -> pax(extension, content, data);
        }
    }

    /** Records of pax: {@code "27 path=a name of any length\n"}, the number being the record's own length. */
    private static void pax(Extension extension, byte[] content, long position) throws Damage {
        int start = 0;
        while (start < content.length && content[start] != 0) {
            int length = 0;
            int i = start;
            while (i < content.length && content[i] >= '0' && content[i] <= '9' && length < MOST_HEADER_BYTES) {
                length = 10 * length + content[i++] - '0';
            }
            int end = start + length;
            int equals = i;
            while (equals < Math.min(end, content.length) && content[equals] != '=') {
                equals++;
            }
            if (i == start
                    || i >= end
                    || end > content.length
                    || content[i] != ' '
                    || equals >= end
                    || content[end - 1] != '\n') {
                throw new Damage("byte " + (position + start) + ": no record of a pax header");
            }
            String key = new String(content, i + 1, equals - i - 1, StandardCharsets.UTF_8);
            record(extension, key, Arrays.copyOfRange(content, equals + 1, end - 1), position + start);
            start = end;
        }
    }

    private static void record(Extension extension, String key, byte[] value, long position) throws Damage {
        switch (key) {
            case "path" -> extension.name = extension.sparse && extension.name.length > 0 ? extension.name : value;
            case "linkpath" -> extension.target = value;
            case "size" -> {
                try {
                    extension.sizeBytes = Long.parseLong(text(value));
                } catch (NumberFormatException e) {
                    throw new Damage("byte " + position + ": no size");
                }
                if (extension.sizeBytes < 0) {
                    throw new Damage("byte " + position + ": a negative size");
                }
            }
            default -> {
                if (key.startsWith(GNU_SPARSE)) {
                    extension.sparse = true;
                    extension.name = key.equals(GNU_SPARSE + "name") ? value : extension.name;
                }
            }
        }
    }

    /** Shows one entry; returns where the next header is. */
    private long entry(ByteBuffer header, long position, byte typeFlag, Extension extension) throws IOException {
        String name = text(extension.name.length > 0 ? extension.name : name(header));
        String target = text(extension.target.length > 0 ? extension.target : bytes(header, 157, 100));
        long length = extension.sizeBytes >= 0 ? extension.sizeBytes : number(header, position, 124, 12);
        long data = position + BLOCK;
        boolean folder = typeFlag == '5' || name.endsWith("/");
        Type type = switch (typeFlag) {
            case 0, '0', '7' -> extension.sparse ? Type.SPARSE : Type.FILE;
            case '1' -> length > 0 && !isHeaderOrEnd(data) ? Type.FILE : Type.HARD_LINK; // pax may repeat the file
            case '2' -> Type.SYMBOLIC_LINK;
            case '3', '4' -> Type.DEVICE;
            case '6' -> Type.PIPE;
            case 'S' -> Type.SPARSE;
            default -> Type.UNKNOWN;
        };
        boolean hasData = type == Type.FILE || type == Type.SPARSE || type == Type.UNKNOWN;
        if (typeFlag == 'S') {
            data = behindMap(header, data);
        }
        if (typeFlag == '5' || !hasData) {
            length = 0; // whatever the header says: nothing follows
        }
        requireRoom(data, length, name);
        // g: of all files behind it, such as the commit of git archive. V: the name of a tape. D: what a folder held.
        if (!folder && typeFlag != 'g' && typeFlag != 'V' && typeFlag != 'D') {
            visitor.accept(new Entry(name, type, data, length, target));
        }
        return data + padded(length);
    }

    /** Some programs write the size of a hard link's target, but not its bytes. */
    private boolean isHeaderOrEnd(long position) throws IOException {
        if (size - position < BLOCK) {
            return true;
        }
        ByteBuffer block = block(position);
        try {
            if (!isZero(block)) {
                requireHeader(block, position, false);
            }
            return true;
        } catch (Damage e) {
            return false;
        }
    }

    /** GNU's map of a sparse file goes on in blocks between its header and its data. */
    private long behindMap(ByteBuffer header, long start) throws IOException {
        long data = start;
        boolean more = header.get(482) != 0;
        while (more) {
            requireRoom(data, BLOCK, "the map of a sparse file");
            more = block(data).get(504) != 0;
            data += BLOCK;
        }
        return data;
    }

    /** The name in the header itself: of 100 bytes, before which ustar has room for its folder. */
    private static byte[] name(ByteBuffer header) {
        byte[] name = bytes(header, 0, 100);
        boolean ustar = text(bytes(header, 257, 6)).equals("ustar") && header.get(262) == 0; // GNU: "ustar  "
        byte[] prefix = ustar ? bytes(header, 345, text(bytes(header, 508, 4)).equals("tar") ? 131 : 155) : new byte[0];
        if (prefix.length == 0) {
            return name;
        }
        byte[] whole = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
        whole[prefix.length] = '/';
        System.arraycopy(name, 0, whole, prefix.length + 1, name.length);
        return whole;
    }

    private static byte[] bytes(ByteBuffer header, int offset, int length) {
        return untilNul(header.array(), header.arrayOffset() + offset, length);
    }

    private static byte[] untilNul(byte[] array, int offset, int length) {
        int end = offset;
        while (end < offset + length && array[end] != 0) {
            end++;
        }
        return Arrays.copyOfRange(array, offset, end);
    }

    /** Names are bytes: UTF-8, or where they are not, one letter for each byte, so that names that differ stay different. */
    private static String text(byte[] name) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(name))
                    .toString();
        } catch (CharacterCodingException e) {
            text = new String(name, StandardCharsets.ISO_8859_1);
        }
        int start = 0;
        while (start < text.length() && text.charAt(start) == '/') {
            start++;
        }
        return text.substring(start);
    }

    /** Octal digits, or where these do not suffice a number of GNU's: the first bit set, the rest binary. */
    private static long number(ByteBuffer header, long position, int offset, int length) throws Damage {
        long value = 0;
        if (header.get(offset) < 0) {
            value = header.get(offset) & 0x7f;
            for (int i = 1; i < length; i++) {
                if (value >= 1L << 55 || header.get(offset) == -1) {
                    throw new Damage("byte " + (position + offset) + ": a size that no file has");
                }
                value = (value << 8) | (header.get(offset + i) & 0xff);
            }
            return value;
        }
        boolean begun = false;
        for (int i = 0; i < length; i++) {
            byte digit = header.get(offset + i);
            if (digit == 0 || digit == ' ') {
                if (begun) {
                    break;
                }
            } else if (digit < '0' || digit > '7') {
                throw new Damage("byte " + position + ": no header of a tar entry");
            } else {
                begun = true;
                value = 8 * value + digit - '0';
            }
        }
        return value;
    }

    private void requireRoom(long data, long length, String what) throws Damage {
        if (length > size - data) {
            throw new Damage("cut within " + what);
        }
    }

    private static long padded(long length) {
        return (length + BLOCK - 1) / BLOCK * BLOCK;
    }

    private static boolean isZero(ByteBuffer block) {
        for (int i = 0; i < block.limit(); i++) {
            if (block.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** A block by the window: headers of small files lie close to each other. */
    private ByteBuffer block(long position) throws IOException {
        if (position < windowStart || position + BLOCK > windowStart + window.limit()) {
            window.clear().limit((int) Math.min(WINDOW, size - position));
            bytes.read(window, position);
            windowStart = position;
        }
        return window.slice((int) (position - windowStart), BLOCK);
    }

    private ByteBuffer read(long position, int length) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(length);
        bytes.read(content, position);
        return content.flip();
    }
}
