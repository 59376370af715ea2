package io.flm.data.arrow;

import io.flm.data.Bytes;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.SampleException;
import io.flm.data.Shard;
import io.flm.data.ShardFiles;
import io.flm.data.UserException;
import io.flm.data.arrow.ArrowFile.Column;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * An Arrow file whose rows are samples, as ViLT's scripts write them: {@code image}, a picture's file in binary, {@code caption}, a
 * list of texts or one text, and {@code image_id}, a text or a whole number, which is the key; without it the row's number is. Other
 * columns are passed over.
 *
 * <p>In memory are 12 bytes and the key of each row; a picture is one read of its bytes, its captions are three small ones.
 */
public final class ArrowShard implements Shard {
    private static final String IMAGE = "image";
    private static final String CAPTION = "caption";
    private static final String KEY = "image_id";
    private static final int MOST_TOLD = 10;

    private static final Set<ArrowType> BINARY = EnumSet.of(ArrowType.BINARY, ArrowType.LARGE_BINARY);
    private static final Set<ArrowType> TEXT = EnumSet.of(ArrowType.UTF8, ArrowType.LARGE_UTF8);
    private static final Set<ArrowType> LIST = EnumSet.of(ArrowType.LIST, ArrowType.LARGE_LIST);

    private final ArrowFile file;
    private final String name;
    private final String label;
    private final List<Rows> batches;
    private final int[] firstRow; // of each batch, and the end

    /**
     * The rows of a record batch.
     *
     * @param pictures where they lie in the file
     */
    private record Rows(RowRanges pictures, RowKeys keys, RowTexts captions) {}

    private ArrowShard(ArrowFile file, String name, String label, List<Rows> batches, int[] firstRow) {
        this.file = file;
        this.name = name;
        this.label = label;
        this.batches = batches;
        this.firstRow = firstRow;
    }

    /**
     * Opens a file.
     *
     * @param label what messages call it
     * @throws UserException where it is no Arrow file, is cut or damaged, or has other columns
     */
    public static ArrowShard open(Path path, String label, ShardFiles files) {
        try {
            Bytes bytes = files.file(path);
            ArrowFile file = ArrowFile.open(path, bytes);
            int image = column(path, file.fields(), IMAGE);
            int caption = column(path, file.fields(), CAPTION);
            requireTypes(path, file.fields().get(image), file.fields().get(caption));
            int key = keyColumn(path, file.fields());
            List<Rows> batches = new ArrayList<>();
            int[] firstRow = new int[file.batches() + 1];
            for (int number = 0; number < file.batches(); number++) {
                List<Column> columns = file.batch(number);
                ArrowReader reader = new ArrowReader(file, number);
                RowRanges pictures = RowRanges.of(reader, columns.get(image));
                long end = (long) firstRow[number] + pictures.rows();
                if (end > Integer.MAX_VALUE) {
                    throw new UserException(path + ": more than " + Integer.MAX_VALUE + " rows; split it");
                }
                RowKeys keys = key < 0
                        ? RowKeys.numbered(firstRow[number], pictures.rows())
                        : RowKeys.of(reader, columns.get(key), firstRow[number]);
                batches.add(new Rows(pictures, keys, new RowTexts(reader, columns.get(caption))));
                firstRow[number + 1] = (int) end;
            }
            if (firstRow[file.batches()] == 0) {
                throw new UserException(path + ": an Arrow file without a row; give other data");
            }
            return new ArrowShard(file, String.valueOf(path.getFileName()), label, List.copyOf(batches), firstRow);
        } catch (IOException e) {
            throw FileErrors.opening(path, e);
        }
    }

    private static int column(Path path, List<ArrowField> fields, String name) {
        int at = find(fields, name);
        if (at < 0) {
            throw new UserException(path + ": has no column " + name + ", but " + names(fields)
                    + "; to pretrain on, a file has image (binary) and caption (a list of texts, or a text)");
        }
        return at;
    }

    private static int find(List<ArrowField> fields, String name) {
        for (int i = 0; i < fields.size(); i++) {
            if (fields.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }

    private static String names(List<ArrowField> fields) {
        List<String> names = fields.stream()
                .limit(MOST_TOLD)
                .map(field -> PlainText.of(field.name()))
                .toList();
        return names.isEmpty()
                ? "no column at all"
                : String.join(", ", names) + (fields.size() > names.size() ? ", ..." : "");
    }

    private static void requireTypes(Path path, ArrowField image, ArrowField caption) {
        require(path, image, BINARY.contains(image.type()), "binary, a picture's file,");
        boolean texts = TEXT.contains(caption.type())
                || (LIST.contains(caption.type())
                        && caption.children().size() == 1
                        && TEXT.contains(caption.children().get(0).type()));
        require(path, caption, texts, "a list of utf8, or utf8,");
        caption.children().forEach(child -> require(path, child, true, "utf8"));
    }

    private static int keyColumn(Path path, List<ArrowField> fields) {
        int at = find(fields, KEY);
        if (at >= 0) {
            ArrowField field = fields.get(at);
            boolean known = TEXT.contains(field.type()) || (field.type() == ArrowType.INT && field.bits() >= 32);
            require(path, field, known, "utf8, or int of 32 or 64 bits,");
        }
        return at;
    }

    private static void require(Path path, ArrowField field, boolean fits, String wanted) {
        if (field.dictionary()) {
            throw new UserException(path + ": column " + PlainText.of(field.name())
                    + " is dictionary-encoded, which is not read; write it as plain " + field.shown());
        }
        if (!fits) {
            throw new UserException(path + ": column " + PlainText.of(field.name()) + " is " + field.shown()
                    + ", where " + wanted + " is wanted; write it so");
        }
    }

    private int batchOf(int row) {
        if (row < 0 || row >= size()) {
            throw new IndexOutOfBoundsException("row " + row + " of " + size());
        }
        int low = 0;
        int high = batches.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (firstRow[middle] <= row) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int size() {
        return firstRow[batches.size()];
    }

    @Override
    public String key(int row) {
        int batch = batchOf(row);
        return batches.get(batch).keys().key(row - firstRow[batch]);
    }

    @Override
    public int imageSizeBytes(int row) {
        int batch = batchOf(row);
        return batches.get(batch).pictures().sizeBytes(row - firstRow[batch]);
    }

    @Override
    public byte[] image(int row) throws IOException {
        int batch = batchOf(row);
        RowRanges pictures = batches.get(batch).pictures();
        int at = row - firstRow[batch];
        return file.read(pictures.position(at), pictures.sizeBytes(at)).array();
    }

    @Override
    public List<String> captions(int row) throws SampleException, IOException {
        int batch = batchOf(row);
        return batches.get(batch).captions().of(label + ":" + key(row), row - firstRow[batch]);
    }

    /** Of each row its key, and where its picture and its captions lie. */
    @Override
    public void digest(MessageDigest digest) {
        digest.update(name.getBytes(StandardCharsets.UTF_8));
        for (Rows rows : batches) {
            int count = rows.pictures().rows();
            ByteBuffer places = ByteBuffer.allocate(Long.BYTES);
            for (int row = 0; row < count; row++) {
                digest.update(places.putLong(0, rows.pictures().position(row)).rewind());
                digest.update(places.putLong(0, rows.pictures().sizeBytes(row)).rewind());
                byte[] key = rows.keys().key(row).getBytes(StandardCharsets.UTF_8);
                digest.update(places.putLong(0, key.length).rewind());
                digest.update(key);
            }
            rows.captions().digest(digest);
        }
    }
}
