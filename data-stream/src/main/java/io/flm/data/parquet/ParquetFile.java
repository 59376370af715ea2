package io.flm.data.parquet;

import io.flm.data.Bytes;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.Reads;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a file in the Parquet format (2.x, not encrypted) says of itself, at its end: the schema, and for each row group where the chunks of
 * its columns lie. Places are checked here, so that chunks stay within the file.
 *
 * @param fields of a row, by name
 * @param columns of values, in the order of the chunks of each row group
 * @param footer its bytes: other rows have another one
 */
record ParquetFile(
        Path path,
        Bytes bytes,
        List<String> fields,
        List<ParquetColumn> columns,
        List<Group> groups,
        ByteBuffer footer) {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final int TAIL_BYTES = Integer.BYTES + MAGIC.length;
    private static final int MOST_FOOTER_BYTES = 64 << 20;
    private static final int MOST_COLUMNS = 10_000;
    private static final int MOST_DEEP = 32;

    // What is required of each takes so many bytes at least, so that no footer asks for much more memory than it has
    // bytes.
    private static final int LEAST_ELEMENT_BYTES = 3; // a name, an end
    private static final int LEAST_GROUP_BYTES = 7; // a list, two numbers, an end
    private static final int LEAST_CHUNK_BYTES = 21; // seven numbers, two lists, a structure, two ends

    /** Rows, and the chunk of each column. */
    record Group(int rows, List<Chunk> chunks) {}

    /**
     * The values of a column in a row group: pages, one behind the other.
     *
     * @param codec by which its pages are packed, in the numbers of the format
     */
    record Chunk(int codec, long at, long sizeBytes, long values) {}

    /**
     * Reads the end of a file.
     *
     * @throws UserException where it is none, or cut, or damaged
     */
    static ParquetFile open(Path path, Bytes bytes) throws IOException {
        if (bytes.size() == 0) {
            throw new UserException(path + ": an empty file, of 0 bytes; fetch it again, or leave it out");
        }
        int headBytes = (int) Math.min(bytes.size(), MAGIC.length);
        ByteBuffer head = Reads.littleEndian(bytes, 0, headBytes);
        if (!head.equals(ByteBuffer.wrap(MAGIC, 0, headBytes))) {
            String kind = FileErrors.kind(bytes);
            throw new UserException(path + ": " + (kind.isEmpty() ? "no Parquet file; give other data" : kind));
        }
        ByteBuffer tail = bytes.size() < MAGIC.length + TAIL_BYTES
                ? ByteBuffer.allocate(TAIL_BYTES)
                : Reads.littleEndian(bytes, bytes.size() - TAIL_BYTES, TAIL_BYTES);
        int footerBytes = tail.getInt();
        if (!tail.equals(ByteBuffer.wrap(MAGIC))) {
            throw new UserException(path + ": a Parquet file that is cut before its end, after " + bytes.size()
                    + " bytes; fetch it again");
        }
        long footerAt = bytes.size() - TAIL_BYTES - footerBytes;
        if (footerBytes <= 0 || footerBytes > MOST_FOOTER_BYTES || footerAt < MAGIC.length) {
            throw damaged(path, "its footer has " + footerBytes + " bytes");
        }
        ByteBuffer footer = Reads.littleEndian(bytes, footerAt, footerBytes);
        try {
            Footer read = new Footer(path, footerAt, footer.duplicate());
            return new ParquetFile(path, bytes, read.fields, read.columns, read.groups, footer);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw damaged(path, "its footer leads out of itself, or is none");
        }
    }

    /** Reads the footer. */
    private static final class Footer {
        private final Path path;
        private final long endBytes; // of what is before it
        private final Compact in;
        private final List<Element> elements = new ArrayList<>();
        private final List<String> fields = new ArrayList<>();
        private final List<ParquetColumn> columns = new ArrayList<>();
        private final List<Group> groups = new ArrayList<>();

        /** A node of the schema, before its children. */
        private record Element(String name, int type, int repetition, int children) {}

        Footer(Path path, long endBytes, ByteBuffer bytes) {
            this.path = path;
            this.endBytes = endBytes;
            this.in = new Compact(bytes);
            in.struct((id, type) -> {
                if (id == 2) {
                    require(elements.isEmpty());
                    in.list(type, LEAST_ELEMENT_BYTES, this::element);
                    require(!elements.isEmpty());
                    int end = children(0, -1, 0, 0, 0, 0);
                    require(end == elements.size());
                }
                return id == 2;
            });
            bytes.rewind(); // row groups, which the schema bounds, may stand before it
            in.struct((id, type) -> {
                if (id == 4) {
                    require(groups.isEmpty());
                    in.list(type, LEAST_GROUP_BYTES + columns.size() * LEAST_CHUNK_BYTES, this::group);
                }
                return id == 4;
            });
        }

        private void element() {
            int[] numbers = {-1, 0, 0}; // type, repetition, children
            String[] name = {""};
            in.struct((id, type) -> {
                switch (id) {
                    case 1 -> numbers[0] = in.size(type, "a type");
                    case 3 -> numbers[1] = in.size(type, "a repetition");
                    case 4 -> name[0] = in.text(type);
                    case 5 -> numbers[2] = in.size(type, "a count of children");
                    default -> {
                        return false;
                    }
                }
                return true;
            });
            require(elements.size() < MOST_COLUMNS);
            elements.add(new Element(name[0], numbers[0], numbers[1], numbers[2]));
        }

        /** Takes in the children of a node; returns the number of the node behind them. */
        private int children(int parent, int field, int definition, int repetition, int repeatedAt, int depth) {
            require(depth < MOST_DEEP); // a group that is always there adds nothing to the levels
            int at = parent + 1;
            for (int child = 0; child < elements.get(parent).children(); child++) {
                require(at < elements.size() && at < MOST_COLUMNS);
                Element element = elements.get(at);
                int its = field;
                if (parent == 0) {
                    its = fields.size();
                    fields.add(element.name());
                }
                boolean repeated = element.repetition() == 2;
                int itsDefinition = definition + (element.repetition() == 0 ? 0 : 1);
                int itsRepetition = repetition + (repeated ? 1 : 0);
                int itsRepeatedAt = repeated ? itsDefinition : repeatedAt;
                if (element.children() > 0) {
                    at = children(at, its, itsDefinition, itsRepetition, itsRepeatedAt, depth + 1);
                } else {
                    ParquetColumn.Type[] types = ParquetColumn.Type.values();
                    require(element.type() >= 0 && element.type() < types.length);
                    columns.add(new ParquetColumn(
                            its, element.name(), types[element.type()], itsDefinition, itsRepetition, itsRepeatedAt));
                    at++;
                }
            }
            return at;
        }

        private void group() {
            List<Chunk> chunks = new ArrayList<>();
            long[] rows = new long[1];
            in.struct((id, type) -> {
                switch (id) {
                    case 1 ->
                        in.list(type, LEAST_CHUNK_BYTES, () -> {
                            require(chunks.size() < columns.size());
                            chunks.add(chunk());
                        });
                    case 3 -> rows[0] = in.number(type);
                    default -> {
                        return false;
                    }
                }
                return true;
            });
            require(chunks.size() == columns.size() && rows[0] >= 0 && rows[0] < Integer.MAX_VALUE);
            groups.add(new Group((int) rows[0], List.copyOf(chunks)));
        }

        private Chunk chunk() {
            long[] numbers = new long[12]; // of its metadata, by id
            in.struct((id, type) -> {
                if (id == 1) {
                    throw new UserException(path + ": keeps a column in another file (" + PlainText.of(in.text(type))
                            + "), which is not read; write it as one file");
                }
                if (id == 3) {
                    in.struct((its, itsType) -> {
                        boolean wanted = its == 4 || its == 5 || its == 7 || its == 9 || its == 11;
                        if (wanted) {
                            numbers[its] = in.number(itsType);
                        }
                        return wanted;
                    });
                }
                return id == 3;
            });
            if (numbers[5] == 0) { // an empty row group, whose chunks are nowhere
                return new Chunk((int) numbers[4], MAGIC.length, 0, 0);
            }
            long at = numbers[11] > 0 ? Math.min(numbers[9], numbers[11]) : numbers[9]; // the dictionary comes first
            long sizeBytes = numbers[7];
            require(at >= MAGIC.length && sizeBytes >= 0 && at <= endBytes - sizeBytes && numbers[5] > 0);
            return new Chunk((int) numbers[4], at, sizeBytes, numbers[5]);
        }

        private static void require(boolean holds) {
            if (!holds) {
                throw new IllegalArgumentException("no footer");
            }
        }
    }

    /** The columns of a field of a row. */
    List<ParquetColumn> columnsOf(int field) {
        return columns.stream().filter(column -> column.field() == field).toList();
    }

    UserException damaged(String cause) {
        return damaged(path, cause);
    }

    private static UserException damaged(Path path, String cause) {
        return new UserException(path + ": a damaged Parquet file (" + cause + "); fetch it again, or write it anew");
    }

    /** Some bytes of the file, little-endian. */
    ByteBuffer read(long position, int sizeBytes) throws IOException {
        return Reads.triedLittleEndian(bytes, position, sizeBytes);
    }
}
