package io.flm.data.arrow;

import io.flm.data.Bytes;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.Reads;
import io.flm.data.UserException;
import io.flm.data.arrow.FlatTable.Structs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file in Arrow's IPC file format (Arrow columnar format 1.0 and later, metadata V4 and V5): its end says where the schema and the
 * record batches are, each batch where the buffers of its columns lie. Sizes and places are checked here, so that what is made of
 * them stays within the file.
 */
final class ArrowFile {
    private static final byte[] MAGIC = "ARROW1".getBytes(StandardCharsets.US_ASCII);
    private static final int TAIL_BYTES = MAGIC.length + Integer.BYTES; // the size of the footer, and the magic again
    private static final int MOST_METADATA_BYTES = 16 << 20;
    private static final int MOST_FIELDS = 10_000;
    private static final int MOST_DEEP = 32;
    private static final int BLOCK_BYTES = 24;
    private static final int V4 = 3;
    private static final int RECORD_BATCH = 3;

    private final Path file;
    private final Bytes bytes;
    private final List<ArrowField> fields;
    private final Structs batches;

    /** Where some bytes of a batch lie in the file. */
    record Buffer(long position, long sizeBytes) {}

    /**
     * A column of a batch.
     *
     * @param rows of a child more or fewer than its parent has
     * @param nulls how many of its rows are null
     */
    record Column(ArrowField field, long rows, long nulls, List<Buffer> buffers, List<Column> children) {
        Buffer validity() {
            return buffers.get(0);
        }
    }

    private ArrowFile(Path file, Bytes bytes, List<ArrowField> fields, Structs batches) {
        this.file = file;
        this.bytes = bytes;
        this.fields = fields;
        this.batches = batches;
    }

    /**
     * Reads what the file says of itself.
     *
     * @throws UserException where it is none, or cut, or of a kind that is not read
     */
    static ArrowFile open(Path file, Bytes bytes) throws IOException {
        requireWhole(file, bytes);
        ByteBuffer tail = Reads.littleEndian(bytes, bytes.size() - TAIL_BYTES, TAIL_BYTES);
        int footerBytes = tail.getInt(0);
        long footerAt = bytes.size() - TAIL_BYTES - footerBytes;
        if (footerBytes <= 0 || footerBytes > MOST_METADATA_BYTES || footerAt < MAGIC.length) {
            throw damaged(file, "its footer has " + footerBytes + " bytes");
        }
        try {
            FlatTable footer = FlatTable.root(Reads.littleEndian(bytes, footerAt, footerBytes));
            FlatTable schema = footer.table(1);
            int version = footer.shortAt(0, 0);
            if (schema == null) {
                throw damaged(file, "it has no schema");
            }
            if (version < V4 || version > V4 + 1) {
                throw new UserException(file + ": Arrow metadata of version V" + (version + 1)
                        + ", where V4 and V5 are read; write the file with a current Arrow");
            }
            if (schema.shortAt(0, 0) != 0) {
                throw new UserException(
                        file + ": a big-endian Arrow file, which is not read; write it as little-endian");
            }
            Fields fields = new Fields(file);
            List<ArrowField> columns = new ArrayList<>();
            for (FlatTable field : schema.tables(1)) {
                columns.add(fields.of(field, 0));
            }
            ArrowFile opened = new ArrowFile(file, bytes, List.copyOf(columns), footer.structs(3, BLOCK_BYTES));
            opened.requireRoomForBatches(footerAt);
            return opened;
        } catch (IndexOutOfBoundsException e) {
            throw damaged(file, "its footer leads out of itself");
        }
    }

    private static void requireWhole(Path file, Bytes bytes) throws IOException {
        if (bytes.size() == 0) {
            throw new UserException(file + ": an empty file, of 0 bytes; fetch it again, or leave it out");
        }
        int headBytes = (int) Math.min(bytes.size(), MAGIC.length);
        ByteBuffer head = Reads.littleEndian(bytes, 0, headBytes);
        if (headBytes >= Integer.BYTES && head.getInt(0) == -1) {
            throw new UserException(
                    file + ": of Arrow's streaming format, where its file format is wanted; write it with"
                            + " pyarrow.ipc.new_file");
        }
        if (!head.equals(ByteBuffer.wrap(MAGIC, 0, headBytes))) {
            String kind = FileErrors.kind(bytes);
            throw new UserException(file + ": " + (kind.isEmpty() ? "no Arrow file; give other data" : kind));
        }
        if (bytes.size() < 2L * TAIL_BYTES
                || !Reads.littleEndian(bytes, bytes.size() - MAGIC.length, MAGIC.length)
                        .equals(ByteBuffer.wrap(MAGIC))) {
            throw new UserException(file + ": an Arrow file that is cut before its end, after " + bytes.size()
                    + " bytes; fetch it again");
        }
    }

    /** Reads fields of a schema, of which there are so many, and so deep. */
    private static final class Fields {
        private final Path file;
        private int count;

        Fields(Path file) {
            this.file = file;
        }

        ArrowField of(FlatTable field, int depth) {
            if (++count > MOST_FIELDS || depth > MOST_DEEP) {
                throw damaged(file, "its schema has more than " + MOST_FIELDS + " columns, or is nested too deeply");
            }
            String name = field.text(0);
            ArrowType type = ArrowType.of(field.byteAt(2, 0));
            if (!type.isKnown()) {
                throw new UserException(file + ": column " + PlainText.of(name) + " is of a type that is not read ("
                        + (type == ArrowType.NONE ? "number " + field.byteAt(2, 0) : type.name())
                        + "); write the file without it");
            }
            FlatTable more = field.table(3);
            List<ArrowField> children = new ArrayList<>();
            for (FlatTable child : field.tables(5)) {
                children.add(of(child, depth + 1));
            }
            return new ArrowField(
                    name,
                    type,
                    type == ArrowType.INT && more != null ? more.intAt(0, 0) : 0,
                    type == ArrowType.INT && more != null && more.byteAt(1, 0) == 0,
                    type == ArrowType.UNION && more != null && more.shortAt(0, 0) == 1,
                    field.has(4),
                    List.copyOf(children));
        }
    }

    List<ArrowField> fields() {
        return fields;
    }

    /** How many record batches. */
    int batches() {
        return batches.count();
    }

    /** Each batch ends before the footer, and all together are no more than is there: else one that is named a million times would fill the memory. */
    private void requireRoomForBatches(long endBytes) {
        long roomBytes = endBytes;
        for (int number = 0; number < batches(); number++) {
            long at = batches.longAt(number, 0);
            int metadataBytes = batches.intAt(number, 8);
            long bodyBytes = batches.longAt(number, 16);
            if (metadataBytes < 2 * Integer.BYTES || metadataBytes > MOST_METADATA_BYTES) {
                throw damaged(batchName(number) + " has a head of " + metadataBytes + " bytes");
            }
            if (at < 0 || bodyBytes < 0 || at > endBytes - metadataBytes - bodyBytes) {
                throw damaged(batchName(number) + " leads beyond its end");
            }
            roomBytes -= metadataBytes + bodyBytes;
            if (roomBytes < 0) {
                throw damaged("its record batches overlap");
            }
        }
    }

    /** The columns of a batch, as the schema has them. */
    List<Column> batch(int number) throws IOException {
        long at = batches.longAt(number, 0);
        int metadataBytes = batches.intAt(number, 8);
        long bodyBytes = batches.longAt(number, 16);
        ByteBuffer head = Reads.littleEndian(bytes, at, metadataBytes);
        boolean marked = head.getInt(0) == -1; // older files have the size alone
        head.position(marked ? 2 * Integer.BYTES : Integer.BYTES);
        try {
            FlatTable message = FlatTable.root(head.slice().order(ByteOrder.LITTLE_ENDIAN));
            FlatTable batch = message.table(2);
            if (message.byteAt(1, 0) != RECORD_BATCH || batch == null) {
                throw damaged(batchName(number) + " is no record batch");
            }
            FlatTable compression = batch.table(3);
            if (compression != null) {
                throw new UserException(file + ": its record batches are compressed ("
                        + (compression.byteAt(0, 0) == 0 ? "lz4" : "zstd")
                        + "), which is not read; write the file without compression");
            }
            return new Buffers(number, batch, at + metadataBytes, bodyBytes).columns(fields);
        } catch (IndexOutOfBoundsException e) {
            throw damaged(batchName(number) + " has another form than its schema says");
        }
    }

    /** Deals a batch's buffers out to its columns, in the order of the schema, parents before children. */
    private final class Buffers {
        private final int number;
        private final long rows;
        private final Structs nodes;
        private final Structs buffers;
        private final long bodyAt;
        private final long bodyBytes;
        private int node;
        private int buffer;

        Buffers(int number, FlatTable batch, long bodyAt, long bodyBytes) {
            this.number = number;
            this.rows = batch.longAt(0, 0);
            this.nodes = batch.structs(1, 16);
            this.buffers = batch.structs(2, 16);
            this.bodyAt = bodyAt;
            this.bodyBytes = bodyBytes;
        }

        List<Column> columns(List<ArrowField> schema) {
            List<Column> columns = schema.stream().map(this::column).toList();
            for (Column column : columns) {
                if (column.rows() != rows || rows < 0 || rows >= Integer.MAX_VALUE) {
                    throw damaged(batchName(number) + " has columns of " + rows + " and " + column.rows() + " rows");
                }
            }
            return columns;
        }

        private Column column(ArrowField field) {
            long length = nodes.longAt(node, 0);
            long nulls = nodes.longAt(node, 8);
            node++;
            List<Buffer> own = new ArrayList<>();
            for (int i = 0; i < field.buffers(); i++) {
                own.add(next());
            }
            List<Column> children = field.dictionary()
                    ? List.of()
                    : field.children().stream().map(this::column).toList();
            return new Column(field, length, nulls, List.copyOf(own), children);
        }

        private Buffer next() {
            long offset = buffers.longAt(buffer, 0);
            long sizeBytes = buffers.longAt(buffer, 8);
            buffer++;
            if (offset < 0 || sizeBytes < 0 || offset > bodyBytes - sizeBytes) {
                throw damaged(batchName(number) + " has a buffer that leads out of it");
            }
            return new Buffer(bodyAt + offset, sizeBytes);
        }
    }

    /** For messages. */
    static String batchName(int number) {
        return "record batch " + (number + 1);
    }

    UserException damaged(String cause) {
        return damaged(file, cause);
    }

    private static UserException damaged(Path file, String cause) {
        return new UserException(file + ": a damaged Arrow file (" + cause + "); fetch it again, or write it anew");
    }

    /** Some bytes of the file, little-endian. */
    ByteBuffer read(long position, int sizeBytes) throws IOException {
        return Reads.triedLittleEndian(bytes, position, sizeBytes);
    }
}
