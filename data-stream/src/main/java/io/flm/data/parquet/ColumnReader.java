package io.flm.data.parquet;

import io.flm.data.PlainText;
import io.flm.data.UserException;
import io.flm.data.parquet.ParquetFile.Chunk;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pages of a column's chunk: where they lie is read once, each is unpacked and decoded as it is asked for. Read are data pages of both
 * versions, plain or by a dictionary.
 */
final class ColumnReader {
    private static final int HEAD_BYTES = 1 << 14; // of a page, most have some fifty
    private static final int MOST_HEAD_BYTES = 1 << 24;
    private static final int MOST_VALUES = 1 << 26; // of a page
    private static final long MOST_PAGE_BYTES =
            Math.min(1 << 30, Runtime.getRuntime().maxMemory() / 8);
    private static final int DATA = 0;
    private static final int DICTIONARY = 2;
    private static final int DATA_V2 = 3;
    private static final List<String> ENCODINGS = List.of(
            "plain",
            "number 1",
            "plain dictionary",
            "rle",
            "bit packed",
            "delta binary packed",
            "delta length byte array",
            "delta byte array",
            "rle dictionary",
            "byte stream split");

    private final ParquetFile file;
    private final ParquetColumn column;
    private final Chunk chunk;
    private final String name; // for messages
    private final List<Page> pages = new ArrayList<>(); // of data
    private @Nullable Page dictionaryPage;
    private @Nullable Values dictionary;

    /**
     * A page.
     *
     * @param at where its content lies in the file
     * @param packedBytes of this
     * @param bytes of it unpacked
     * @param levelBytes of a page of version 2: those of repetition and definition levels, which are not packed
     * @param packed whether its values are
     */
    private record Page(
            int type,
            long at,
            int packedBytes,
            int bytes,
            int values,
            int encoding,
            int[] levelBytes,
            boolean packed) {}

    /**
     * What a page holds.
     *
     * @param values of each place; null where nothing is
     * @param repetitions by place: 0 where a row begins; empty where every place is a row
     * @param definitions by place
     */
    record Decoded(Values values, int[] repetitions, int[] definitions) {}

    private ColumnReader(ParquetFile file, ParquetColumn column, Chunk chunk, String name) {
        this.file = file;
        this.column = column;
        this.chunk = chunk;
        this.name = name;
    }

    /**
     * Finds the pages of a chunk.
     *
     * @param group the number of its row group
     */
    static ColumnReader open(ParquetFile file, int number, int group) throws IOException {
        Chunk chunk = file.groups().get(group).chunks().get(number);
        ParquetColumn column = file.columns().get(number);
        String name = "column " + PlainText.of(file.fields().get(column.field())) + " of row group " + (group + 1);
        if (!Packing.isKnown(chunk.codec())) {
            throw new UserException(file.path() + ": " + name + " is packed by " + Packing.name(chunk.codec())
                    + ", which is not read; write it anew with snappy or zstd");
        }
        ColumnReader reader = new ColumnReader(file, column, chunk, name);
        reader.findPages();
        return reader;
    }

    private void findPages() throws IOException {
        long at = chunk.at();
        long end = chunk.at() + chunk.sizeBytes();
        long values = 0;
        while (values < chunk.values() && at < end) {
            Page page = head(at, end);
            if (page.type() == DICTIONARY) {
                dictionaryPage = page;
            } else if (page.type() == DATA || page.type() == DATA_V2) {
                pages.add(page);
                values += page.values();
            }
            at = page.at() + page.packedBytes();
        }
        if (values != chunk.values()) {
            throw damaged("has pages of " + values + " values, not of " + chunk.values());
        }
    }

    private Page head(long at, long end) throws IOException {
        for (int bytes = HEAD_BYTES; ; bytes *= 8) {
            ByteBuffer head = file.read(at, (int) Math.min(bytes, end - at));
            try {
                Page page = page(head, at);
                if (page.at() > end - page.packedBytes()) {
                    throw damaged("has a page that leads out of it");
                }
                return page;
            } catch (BufferUnderflowException | IllegalArgumentException e) {
                if (bytes >= end - at || bytes >= MOST_HEAD_BYTES) {
                    throw damaged("has no page at byte " + at);
                }
            }
        }
    }

    private Page page(ByteBuffer head, long at) {
        Compact in = new Compact(head);
        int[] numbers = new int[3]; // type, unpacked size, packed size
        int[] content = {0, 0, 0, 0}; // values, encoding, bytes of definition levels and of repetition levels
        boolean[] packed = {true};
        in.struct((id, type) -> {
            switch (id) {
                case 1, 2, 3 -> numbers[id - 1] = in.size(type, "a page's number");
                case 5, 7 ->
                    in.struct((its, itsType) -> {
                        boolean wanted = its == 1 || its == 2;
                        if (wanted) {
                            content[its - 1] = in.size(itsType, "a page's number");
                        }
                        return wanted;
                    });
                case 8 ->
                    in.struct((its, itsType) -> {
                        switch (its) {
                            case 1 -> content[0] = in.size(itsType, "a count");
                            case 4 -> content[1] = in.size(itsType, "an encoding");
                            case 5 -> content[2] = in.size(itsType, "a size");
                            case 6 -> content[3] = in.size(itsType, "a size");
                            case 7 -> packed[0] = Compact.truth(itsType);
                            default -> {
                                return false;
                            }
                        }
                        return true;
                    });
                default -> {
                    return false;
                }
            }
            return true;
        });
        if (numbers[1] > MOST_PAGE_BYTES || content[0] > MOST_VALUES) {
            throw new UserException(file.path() + ": " + name + " has a page of " + (numbers[1] >> 20) + " MiB and "
                    + content[0]
                    + " values, more than is read with this heap; write it with smaller pages, or start the"
                    + " program with JAVA_TOOL_OPTIONS=-Xmx and more");
        }
        return new Page(
                numbers[0],
                at + head.position(),
                numbers[2],
                numbers[1],
                content[0],
                content[1],
                new int[] {content[3], content[2]},
                packed[0]);
    }

    /** How many pages of data. */
    int pages() {
        return pages.size();
    }

    /** How many values a page has, nulls among them. */
    int values(int page) {
        return pages.get(page).values();
    }

    /** Whether a place holds an element of a list, null or not; where the list is empty, its place holds none. */
    boolean isElement(Decoded page, int at) {
        return column.repetition() == 0 || page.definitions()[at] >= column.repeatedAt();
    }

    /** What a page takes that is read. */
    int pageBytes(int page) {
        return pages.get(page).bytes();
    }

    /** What the chunk's pages are unpacked, all together. */
    long sizeBytes() {
        return pages.stream().mapToLong(Page::bytes).sum();
    }

    /** Reads a page. Any thread may ask. */
    Decoded read(int number) throws IOException {
        Page page = pages.get(number);
        try {
            return decoded(page, content(page));
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw damaged("has a damaged page at byte " + page.at());
        }
    }

    /** A page's levels and values, unpacked. */
    private byte[] content(Page page) throws IOException {
        byte[] stored = file.read(page.at(), page.packedBytes()).array();
        int levels = page.levelBytes()[0] + page.levelBytes()[1];
        if (levels < 0 || levels > stored.length || levels > page.bytes()) {
            throw new IllegalArgumentException("levels that lead out of their page");
        }
        byte[] content = new byte[page.bytes()];
        System.arraycopy(stored, 0, content, 0, levels);
        int codec = page.packed() ? chunk.codec() : 0;
        if (stored.length > levels || content.length > levels) {
            Packing.unpack(codec, stored, levels, stored.length - levels, content, levels);
        }
        return content;
    }

    private Decoded decoded(Page page, byte[] content) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int[] repetitions = levels(in, page, 0, column.repetition());
        int[] definitions = levels(in, page, 1, column.definition());
        int[] numbers = new int[page.values()]; // of the values that are there
        int there = 0;
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = column.definition() == 0 || definitions[i] == column.definition() ? there++ : -1;
        }
        boolean byDictionary = page.encoding() == 2 || page.encoding() == 8;
        Values values;
        if (byDictionary) {
            int width = there == 0 && !in.hasRemaining() ? 0 : in.get();
            int[] entries = Levels.read(in, width, there);
            int[] its =
                    Arrays.stream(numbers).map(at -> at < 0 ? -1 : entries[at]).toArray();
            return new Decoded(dictionary().at(its), repetitions, definitions);
        }
        requirePlain(page);
        values = plain(content, in, there);
        return new Decoded(values.at(numbers), repetitions, definitions);
    }

    private void requirePlain(Page page) {
        if (page.encoding() != 0) {
            String encoding =
                    page.encoding() < ENCODINGS.size() ? ENCODINGS.get(page.encoding()) : "number " + page.encoding();
            throw new UserException(file.path() + ": " + name + " is encoded as " + encoding
                    + ", where plain and dictionaries are read; write it anew, such as with pyarrow");
        }
    }

    /** Levels up to {@code most}; in a page of version 1 their size stands before them. */
    private static int[] levels(ByteBuffer in, Page page, int which, int most) {
        int size = page.levelBytes()[which];
        if (page.type() == DATA_V2 && most == 0) {
            in.position(in.position() + size);
        }
        if (most == 0) {
            return new int[0];
        }
        if (page.type() == DATA) {
            size = in.getInt();
        }
        if (size < 0 || size > in.remaining()) {
            throw new IllegalArgumentException("levels that lead out of their page");
        }
        ByteBuffer levels = in.slice(in.position(), size);
        in.position(in.position() + size);
        return Levels.read(levels, Integer.SIZE - Integer.numberOfLeadingZeros(most), page.values());
    }

    private synchronized Values dictionary() throws IOException {
        Values known = dictionary;
        if (known == null) {
            Page page = dictionaryPage;
            if (page == null) {
                throw damaged("has no dictionary");
            }
            byte[] content = content(page);
            known = plain(content, ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN), page.values());
            dictionary = known;
        }
        return known;
    }

    /** Values one behind the other, from where {@code in} stands in {@code content}; of numbers the digits. */
    private Values plain(byte[] content, ByteBuffer in, int count) {
        int[] starts = new int[count];
        int[] ends = new int[count];
        if (column.isNumber()) {
            StringBuilder digits = new StringBuilder();
            for (int i = 0; i < count; i++) {
                starts[i] = digits.length();
                digits.append(column.type() == ParquetColumn.Type.INT32 ? in.getInt() : in.getLong());
                ends[i] = digits.length();
            }
            return new Values(digits.toString().getBytes(StandardCharsets.US_ASCII), starts, ends);
        }
        for (int i = 0; i < count; i++) {
            int size = in.getInt();
            if (size < 0 || size > in.remaining()) {
                throw new IllegalArgumentException("a value that leads out of its page");
            }
            starts[i] = in.position();
            ends[i] = in.position() + size;
            in.position(ends[i]);
        }
        return new Values(content, starts, ends);
    }

    UserException damaged(String cause) {
        return file.damaged(name + " " + cause);
    }
}
