package io.flm.worker.weights;

import io.flm.data.UserException;
import io.flm.worker.checkpoint.PositionalFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A zip file whose entries are stored as they are, as torch writes all but TorchScript's code (APPNOTE 6.3, with zip64): so each
 * can be read from any place on, and none is larger than it looks. What is compressed is never unpacked. The table of contents
 * is checked against the file's size on opening.
 */
final class StoredZip implements AutoCloseable {
    private static final int MOST_TABLE_BYTES = 64 << 20;
    private static final int END_BYTES = 22;
    private static final int MOST_COMMENT_BYTES = 0xffff;
    private static final int END = 0x06054b50;
    private static final int END64_LOCATOR = 0x07064b50;
    private static final int END64_LOCATOR_BYTES = 20;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int ZIP64_EXTRA = 1;
    private static final long IN_ZIP64 = 0xffff_ffffL;

    private final Path file;
    private final PositionalFile bytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * Where the bytes of an entry lie.
     *
     * @param offset in the file; negative: it is compressed
     */
    record Entry(String name, long offset, long sizeBytes) {}

    private StoredZip(Path file, PositionalFile bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    static StoredZip open(Path file) {
        PositionalFile bytes = PositionalFile.open(file);
        try {
            StoredZip zip = new StoredZip(file, bytes);
            zip.readTable();
            return zip;
        } catch (RuntimeException e) {
            bytes.close();
            throw e;
        }
    }

    Path file() {
        return file;
    }

    Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    /** @throws UserException if an entry is compressed */
    void requireStored(Entry entry) {
        if (entry.offset() < 0) {
            throw new UserException(file + ": " + entry.name()
                    + " is compressed, which torch.save never does; unpack it, and pack it again with zip -0");
        }
    }

    /** All of an entry that is small by its kind. */
    byte[] bytes(Entry entry, int most) {
        requireStored(entry);
        if (entry.sizeBytes() > most) {
            throw damaged(entry.name() + " has " + entry.sizeBytes() + " bytes, which is more than " + most);
        }
        byte[] bytes = new byte[(int) entry.sizeBytes()];
        read(entry.offset(), ByteBuffer.wrap(bytes));
        return bytes;
    }

    /** Fills {@code into} with the file's bytes from {@code at} on. */
    void read(long at, ByteBuffer into) {
        if (!bytes.read(at, into)) {
            throw damaged("it was cut");
        }
    }

    @Override
    public void close() {
        bytes.close();
    }

    private ByteBuffer at(long offset, int sizeBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
        read(offset, bytes);
        return bytes.flip();
    }

    private void readTable() {
        long fileBytes = bytes.sizeBytes();
        int tailBytes = (int) Math.min(fileBytes, END_BYTES + MOST_COMMENT_BYTES);
        ByteBuffer tail = at(fileBytes - tailBytes, tailBytes);
        int end = end(tail);
        long endAt = fileBytes - tailBytes + end;
        long count = tail.getShort(end + 10) & 0xffffL;
        long tableBytes = tail.getInt(end + 12) & 0xffff_ffffL;
        long tableAt = tail.getInt(end + 16) & 0xffff_ffffL;
        if (count == 0xffff || tableBytes == IN_ZIP64 || tableAt == IN_ZIP64) {
            ByteBuffer end64 = end64(endAt);
            count = end64.getLong(32);
            tableBytes = end64.getLong(40);
            tableAt = end64.getLong(48);
        }
        if (tableAt < 0 || tableBytes < 0 || tableAt > endAt || tableBytes > endAt - tableAt) {
            throw damaged("its table of contents lies outside of the file");
        }
        if (tableBytes > MOST_TABLE_BYTES || count < 0 || count > tableBytes / ENTRY_BYTES) {
            throw damaged("its table of contents has " + tableBytes + " bytes for " + count + " entries");
        }
        ByteBuffer table = at(tableAt, (int) tableBytes);
        for (long i = 0; i < count; i++) {
            Entry entry = entry(table, tableAt);
            if (entries.put(entry.name(), entry) != null) {
                throw damaged("it holds two entries " + entry.name());
            }
        }
    }

    /** Where the end record begins: it is the last thing but a comment. */
    private int end(ByteBuffer tail) {
        for (int at = tail.limit() - END_BYTES; at >= 0; at--) {
            if (tail.getInt(at) == END && at + END_BYTES + (tail.getShort(at + 20) & 0xffff) == tail.limit()) {
                return at;
            }
        }
        throw damaged("it has no end: it was cut");
    }

    private ByteBuffer end64(long endAt) {
        if (endAt >= END64_LOCATOR_BYTES) {
            ByteBuffer locator = at(endAt - END64_LOCATOR_BYTES, END64_LOCATOR_BYTES);
            long where = locator.getLong(8);
            if (locator.getInt(0) == END64_LOCATOR && where >= 0 && where <= endAt - END64_BYTES) {
                ByteBuffer end64 = at(where, END64_BYTES);
                if (end64.getInt(0) == END64) {
                    return end64;
                }
            }
        }
        throw damaged("it lacks the record of a large zip file");
    }

    private Entry entry(ByteBuffer table, long tableAt) {
        int at = table.position();
        if (table.remaining() < ENTRY_BYTES || table.getInt(at) != ENTRY) {
            throw damaged("its table of contents is broken");
        }
        int flags = table.getShort(at + 8);
        int method = table.getShort(at + 10) & 0xffff;
        long packedBytes = table.getInt(at + 20) & 0xffff_ffffL;
        long sizeBytes = table.getInt(at + 24) & 0xffff_ffffL;
        int nameBytes = table.getShort(at + 28) & 0xffff;
        int extraBytes = table.getShort(at + 30) & 0xffff;
        int commentBytes = table.getShort(at + 32) & 0xffff;
        long localAt = table.getInt(at + 42) & 0xffff_ffffL;
        if (table.remaining() - ENTRY_BYTES < nameBytes + extraBytes + commentBytes) {
            throw damaged("its table of contents is broken");
        }
        byte[] nameOf = new byte[nameBytes];
        table.position(at + ENTRY_BYTES).get(nameOf);
        String name = new String(nameOf, StandardCharsets.UTF_8);
        ByteBuffer extra = table.slice(table.position(), extraBytes).order(ByteOrder.LITTLE_ENDIAN);
        table.position(table.position() + extraBytes + commentBytes);
        if (sizeBytes == IN_ZIP64 || packedBytes == IN_ZIP64 || localAt == IN_ZIP64) {
            long[] large = zip64(extra, name, sizeBytes, packedBytes, localAt);
            sizeBytes = large[0];
            packedBytes = large[1];
            localAt = large[2];
        }
        if ((flags & 1) != 0) {
            throw new UserException(file + ": " + name + " is encrypted; give weights as torch.save writes them");
        }
        boolean stored = method == 0 && packedBytes == sizeBytes;
        return new Entry(name, stored ? dataAt(name, localAt, sizeBytes, tableAt) : -1, sizeBytes);
    }

    /** Size, packed size and place, of which those are in the extra field that have no room elsewhere. */
    private long[] zip64(ByteBuffer extra, String name, long... values) {
        while (extra.remaining() >= 4) {
            int id = extra.getShort() & 0xffff;
            int bytes = extra.getShort() & 0xffff;
            if (bytes > extra.remaining()) {
                break;
            }
            if (id != ZIP64_EXTRA) {
                extra.position(extra.position() + bytes);
                continue;
            }
            long[] large = values.clone();
            int left = bytes;
            for (int i = 0; i < large.length; i++) {
                if (large[i] == IN_ZIP64) {
                    if (left < Long.BYTES) {
                        throw damaged("the sizes of " + name + " are missing");
                    }
                    large[i] = extra.getLong();
                    left -= Long.BYTES;
                }
            }
            return large;
        }
        throw damaged("the sizes of " + name + " are missing");
    }

    /** Behind its own header, whose extra field may be longer than the table's: torch aligns by it. */
    private long dataAt(String name, long localAt, long sizeBytes, long tableAt) {
        if (localAt < 0 || localAt > tableAt - LOCAL_BYTES) {
            throw damaged("entry " + name + " lies outside of it");
        }
        ByteBuffer local = at(localAt, LOCAL_BYTES);
        if (local.getInt(0) != LOCAL) {
            throw damaged("there is no entry where " + name + " should begin");
        }
        long dataAt = localAt + LOCAL_BYTES + (local.getShort(26) & 0xffff) + (local.getShort(28) & 0xffff);
        if (dataAt > tableAt || sizeBytes < 0 || sizeBytes > tableAt - dataAt) {
            throw damaged("entry " + name + " lies outside of it");
        }
        return dataAt;
    }

    private UserException damaged(String how) {
        return new UserException(file + ": no whole file of torch.save: " + how + "; take another copy");
    }
}
