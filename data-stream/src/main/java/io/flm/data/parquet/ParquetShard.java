package io.flm.data.parquet;

import io.flm.data.FileErrors;
import io.flm.data.SampleException;
import io.flm.data.Shard;
import io.flm.data.ShardFiles;
import io.flm.data.TextFile;
import io.flm.data.UsableTexts;
import io.flm.data.UserException;
import io.flm.data.parquet.ColumnReader.Decoded;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A Parquet file whose rows are samples: a picture's file in binary, or, as Hugging Face has it, a structure with {@code bytes}; a caption, a
 * text or a list of texts; and a key, a text or a whole number; without it the row's number is. Other columns are passed over.
 *
 * <p>In memory are the keys, 4 bytes a row, and the pages that were read last. A row costs a page, which has some ten pictures or a thousand, as
 * its writer chose: rows in their order cost each page once, drawn ones cost one each.
 */
public final class ParquetShard implements Shard {
    private static final int MOST_TEXTS = 10_000; // of a row
    private static final long MOST_CAPTION_BYTES = 256L << 20; // of a row group
    private static final int MOST_KEY_BYTES = 1 << 12;
    private static final long KEPT_BYTES = Runtime.getRuntime().maxMemory() / 16;

    private final ParquetFile file;
    private final ChosenColumns columns;
    private final String name;
    private final String label;
    private final List<Group> groups;
    private final int[] firstRow; // of each group, and the end
    private final byte[] keys; // in UTF-8, one behind the other
    private final int[] keyEnds; // empty where rows are numbered
    private final RecentPages<Values> pictures = new RecentPages<>(KEPT_BYTES);
    private final RecentPages<Captions> captions = new RecentPages<>(KEPT_BYTES);

    /**
     * The rows of a row group.
     *
     * @param firstOfPage the first row of each page of pictures, and the end
     */
    private record Group(ColumnReader pictures, int[] firstOfPage, ColumnReader captions) {}

    /** The texts of a row group, and where those of each row begin, and the end. */
    private record Captions(List<Values> pages, int[] pageOf, int[] at, int[] firstOfRow) {}

    private ParquetShard(
            ParquetFile file,
            ChosenColumns columns,
            String name,
            String label,
            List<Group> groups,
            int[] firstRow,
            byte[] keys,
            int[] keyEnds) {
        this.file = file;
        this.columns = columns;
        this.name = name;
        this.label = label;
        this.groups = groups;
        this.firstRow = firstRow;
        this.keys = keys;
        this.keyEnds = keyEnds;
    }

    /**
     * Opens a file.
     *
     * @param label what messages call it
     * @throws UserException where it is no Parquet file, is cut or damaged, or has other columns
     */
    public static ParquetShard open(Path path, String label, ParquetColumns names, ShardFiles files) {
        try {
            ParquetFile file = ParquetFile.open(path, files.file(path));
            ChosenColumns columns = ChosenColumns.of(file, names);
            List<Group> groups = new ArrayList<>();
            int[] firstRow = new int[file.groups().size() + 1];
            ByteArrayOutputStream keys = new ByteArrayOutputStream();
            List<int[]> keyEnds = new ArrayList<>();
            for (int number = 0; number < file.groups().size(); number++) {
                int rows = file.groups().get(number).rows();
                firstRow[number + 1] = Math.addExact(firstRow[number], rows);
                groups.add(group(file, columns, number, rows));
                if (columns.key() >= 0) {
                    keyEnds.add(keys(ColumnReader.open(file, columns.key(), number), rows, firstRow[number], keys));
                }
            }
            if (firstRow[groups.size()] == 0) {
                throw new UserException(path + ": a Parquet file without a row; give other data");
            }
            int[] ends = keyEnds.stream().flatMapToInt(Arrays::stream).toArray();
            return new ParquetShard(
                    file,
                    columns,
                    String.valueOf(path.getFileName()),
                    label,
                    List.copyOf(groups),
                    firstRow,
                    keys.toByteArray(),
                    ends);
        } catch (ArithmeticException e) {
            throw new UserException(path + ": more than " + Integer.MAX_VALUE + " rows; split it", e);
        } catch (IOException e) {
            throw FileErrors.opening(path, e);
        }
    }

    private static Group group(ParquetFile file, ChosenColumns columns, int number, int rows) throws IOException {
        ColumnReader pictures = ColumnReader.open(file, columns.image(), number);
        int[] firstOfPage = new int[pictures.pages() + 1];
        for (int page = 0; page < pictures.pages(); page++) {
            firstOfPage[page + 1] = Math.addExact(firstOfPage[page], pictures.values(page));
        }
        if (firstOfPage[pictures.pages()] != rows) {
            throw pictures.damaged("has " + firstOfPage[pictures.pages()] + " rows, not " + rows);
        }
        ColumnReader captions = ColumnReader.open(file, columns.caption(), number);
        if (captions.sizeBytes() > MOST_CAPTION_BYTES) {
            throw new UserException(file.path() + ": row group " + (number + 1) + " has captions of "
                    + (captions.sizeBytes() >> 20) + " MiB; write it with smaller row groups");
        }
        return new Group(pictures, firstOfPage, captions);
    }

    /** Adds the keys of a row group to {@code keys}; returns where each ends. */
    private static int[] keys(ColumnReader column, int rows, int firstRow, ByteArrayOutputStream keys)
            throws IOException {
        int[] ends = new int[rows];
        int row = 0;
        for (int page = 0; page < column.pages(); page++) {
            Values values = column.read(page).values();
            for (int i = 0; i < values.count(); i++) {
                if (row == rows || values.sizeBytes(i) > MOST_KEY_BYTES) {
                    throw column.damaged("has a key that is too long, or one too many, at row " + (firstRow + row));
                }
                keys.writeBytes(values.of(i));
                ends[row++] = keys.size();
            }
        }
        if (row != rows) {
            throw column.damaged("has " + row + " rows, not " + rows);
        }
        return ends;
    }

    private int groupOf(int row) {
        if (row < 0 || row >= size()) {
            throw new IndexOutOfBoundsException("row " + row + " of " + size());
        }
        return place(firstRow, row);
    }

    /** The last place that begins at or before a row and is not empty. */
    private static int place(int[] firsts, int row) {
        int found = Arrays.binarySearch(firsts, row);
        int place = found < 0 ? -found - 2 : found;
        while (firsts[place + 1] <= row) {
            place++;
        }
        return place;
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int size() {
        return firstRow[groups.size()];
    }

    @Override
    public String key(int row) {
        int start = row == 0 || keyEnds.length == 0 ? 0 : keyEnds[row - 1];
        return keyEnds.length == 0 || keyEnds[row] == start
                ? String.format(Locale.ROOT, "%09d", row)
                : new String(keys, start, keyEnds[row] - start, StandardCharsets.UTF_8);
    }

    /** Where a picture is. */
    private record Place(Values page, int at) {}

    private Place picture(int row) throws IOException {
        int group = groupOf(row);
        Group its = groups.get(group);
        int inGroup = row - firstRow[group];
        int page = place(its.firstOfPage(), inGroup);
        Values values = pictures.get(
                (long) group << 32 | page,
                its.pictures().pageBytes(page),
                () -> its.pictures().read(page).values());
        return new Place(values, inGroup - its.firstOfPage()[page]);
    }

    /** Reads the page of the picture, which says its size. */
    @Override
    public int imageSizeBytes(int row) {
        try {
            Place place = picture(row);
            return place.page().sizeBytes(place.at());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of null there is nothing, which is no picture. */
    @Override
    public byte[] image(int row) throws IOException {
        Place place = picture(row);
        return place.page().of(place.at());
    }

    @Override
    public List<String> captions(int row) throws SampleException, IOException {
        int group = groupOf(row);
        ColumnReader reader = groups.get(group).captions();
        int rows = firstRow[group + 1] - firstRow[group];
        Captions all = captions.get(group, reader.sizeBytes(), () -> captions(reader, rows));
        int inGroup = row - firstRow[group];
        String sample = label + ":" + key(row);
        int from = all.firstOfRow()[inGroup];
        int to = all.firstOfRow()[inGroup + 1];
        if (to - from > MOST_TEXTS) {
            throw new SampleException(sample, "it has " + (to - from) + " captions, more than " + MOST_TEXTS);
        }
        List<String> texts = new ArrayList<>();
        for (int i = from; i < to; i++) {
            Values page = all.pages().get(all.pageOf()[i]);
            if (!page.isNull(all.at()[i])) {
                texts.add(text(sample, page.of(all.at()[i])));
            }
        }
        return UsableTexts.captions(sample, texts);
    }

    private static String text(String sample, byte[] letters) throws SampleException {
        try {
            return TextFile.utf8(letters);
        } catch (CharacterCodingException e) {
            throw new SampleException(sample, "the caption is not text in UTF-8");
        }
    }

    /** Reads all captions of a row group: a row of a list may begin in one page and end in the next. */
    private static Captions captions(ColumnReader reader, int rows) throws IOException {
        List<Values> pages = new ArrayList<>();
        int[] firstOfRow = new int[rows + 1];
        int most = 0;
        for (int page = 0; page < reader.pages(); page++) {
            most = Math.addExact(most, reader.values(page));
        }
        int[] pageOf = new int[most];
        int[] at = new int[most];
        int row = -1;
        int count = 0;
        for (int page = 0; page < reader.pages(); page++) {
            Decoded decoded = reader.read(page);
            pages.add(decoded.values());
            for (int i = 0; i < decoded.values().count(); i++) {
                boolean begins = decoded.repetitions().length == 0 || decoded.repetitions()[i] == 0;
                if (begins && ++row < rows) {
                    firstOfRow[row] = count;
                }
                if (row < 0 || row >= rows) {
                    throw reader.damaged("has other rows than its row group");
                }
                if (reader.isElement(decoded, i)) {
                    pageOf[count] = page;
                    at[count++] = i;
                }
            }
        }
        if (row != rows - 1) {
            throw reader.damaged("has " + (row + 1) + " rows, not " + rows);
        }
        firstOfRow[rows] = count;
        return new Captions(List.copyOf(pages), pageOf, at, firstOfRow);
    }

    /** What the file says of itself: where all values lie, and how many there are. */
    @Override
    public void digest(MessageDigest digest) {
        digest.update(name.getBytes(StandardCharsets.UTF_8));
        digest.update(file.footer().duplicate());
        digest.update(columns.toString().getBytes(StandardCharsets.UTF_8));
    }
}
