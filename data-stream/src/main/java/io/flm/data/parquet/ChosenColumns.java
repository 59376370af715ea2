package io.flm.data.parquet;

import io.flm.data.PlainText;
import io.flm.data.UserException;
import java.util.List;
import java.util.Locale;

/**
 * The columns of a file that are read, by their numbers.
 *
 * @param key -1: there is none, and rows are numbered
 */
record ChosenColumns(int image, int caption, int key) {
    private static final int MOST_TOLD = 10;

    /** Throws a {@link UserException} where the file has none of the names, or a column is of another type. */
    static ChosenColumns of(ParquetFile file, ParquetColumns names) {
        int image = field(file, names.image(), "image", "a picture's file");
        int caption = field(file, names.caption(), "caption", "a text, or a list of texts");
        return new ChosenColumns(imageColumn(file, image), captionColumn(file, caption), keyColumn(file, names.key()));
    }

    /** The number of the first field of these names. */
    private static int field(ParquetFile file, List<String> names, String what, String wanted) {
        for (String each : names) {
            int at = file.fields().indexOf(each);
            if (at >= 0) {
                return at;
            }
        }
        List<String> told =
                file.fields().stream().limit(MOST_TOLD).map(PlainText::of).toList();
        throw new UserException(file.path() + ": has no column " + String.join(", ", names) + ", but "
                + (told.isEmpty() ? "none at all" : String.join(", ", told))
                + (file.fields().size() > told.size() ? ", ..." : "") + "; name the one that holds " + wanted
                + " with `flm data pack --column " + what + "=NAME`");
    }

    private static int imageColumn(ParquetFile file, int field) {
        List<ParquetColumn> columns = file.columnsOf(field);
        for (ParquetColumn column : columns) {
            boolean fits = columns.size() == 1 || column.name().equals("bytes");
            if (fits && column.isBytes() && column.repetition() == 0) {
                return file.columns().indexOf(column);
            }
        }
        throw wrong(file, field, "binary, a picture's file, or a structure with bytes,");
    }

    private static int captionColumn(ParquetFile file, int field) {
        List<ParquetColumn> columns = file.columnsOf(field);
        if (columns.size() == 1 && columns.get(0).isBytes() && columns.get(0).repetition() <= 1) {
            return file.columns().indexOf(columns.get(0));
        }
        throw wrong(file, field, "a text, or a list of texts,");
    }

    private static int keyColumn(ParquetFile file, List<String> names) {
        for (String each : names) {
            int field = file.fields().indexOf(each);
            if (field >= 0) {
                List<ParquetColumn> columns = file.columnsOf(field);
                ParquetColumn column = columns.get(0);
                if (columns.size() == 1 && column.repetition() == 0 && (column.isBytes() || column.isNumber())) {
                    return file.columns().indexOf(column);
                }
                throw wrong(file, field, "a text, or a whole number,");
            }
        }
        return -1;
    }

    private static UserException wrong(ParquetFile file, int field, String wanted) {
        List<String> types = file.columnsOf(field).stream()
                .map(column -> column.type().name().toLowerCase(Locale.ROOT) + " " + PlainText.of(column.name())
                        + (column.repetition() > 0 ? ", repeated" : ""))
                .toList();
        return new UserException(
                file.path() + ": column " + PlainText.of(file.fields().get(field)) + " is of "
                        + (types.isEmpty() ? "nothing" : String.join("; ", types)) + ", where " + wanted
                        + " is wanted; write it so, or name another one");
    }
}
