package io.flm.data.annotation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.dataformat.csv.CsvFactory;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.flm.data.FileErrors;
import io.flm.data.UserException;
import java.io.CharConversionException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipException;

/**
 * Reads a table line by line: values between separators, in quotes by RFC 4180 where they hold one, a quote or a line break. In UTF-8,
 * with or without a byte order mark, gzip or not. What one line may hold is bounded.
 */
final class CsvRows {
    private static final int MOST_LETTERS = 1 << 16; // of a value, as of captions elsewhere
    private static final int MOST_COLUMNS = 1_000;

    private static final CsvFactory CSV = CsvFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(MOST_LETTERS)
                    .build())
            .build();

    private CsvRows() {}

    /** Takes a line that is not empty. */
    @FunctionalInterface
    interface Sink {
        /**
         * A line.
         *
         * @param where for messages, {@code file:line}
         */
        void accept(List<String> values, String where);
    }

    /** Reads all lines. */
    static void read(Path file, char separator, Sink sink) {
        try (InputStream in = AnnotationFile.open(file);
                CsvParser parser = CSV.createParser(in)) {
            parser.setSchema(CsvSchema.emptySchema().withColumnSeparator(separator));
            try {
                rows(file, parser, sink);
            } catch (StreamConstraintsException e) {
                throw new UserException(
                        where(file, parser) + ": a value of more than " + MOST_LETTERS
                                + " letters, or a quote that is never closed; mend the line, or leave it out",
                        e);
            } catch (JsonProcessingException e) { // its message quotes the file
                throw new UserException(
                        where(file, parser)
                                + ": letters behind a closing quote, or a quote that is never closed; a value"
                                + " with a quote in it stands in quotes, and the quote is written twice",
                        e);
            }
        } catch (CharConversionException e) {
            throw new UserException(file + ": not in UTF-8; convert it with iconv", e);
        } catch (EOFException e) {
            throw new UserException(file + ": gzip that is cut before its end; fetch it again", e);
        } catch (ZipException e) {
            throw new UserException(file + ": damaged gzip (" + e.getMessage() + "); fetch it again", e);
        } catch (IOException e) {
            throw FileErrors.opening(file, e);
        }
    }

    private static void rows(Path file, CsvParser parser, Sink sink) throws IOException {
        while (parser.nextToken() == JsonToken.START_ARRAY) { // a line
            String where = where(file, parser);
            List<String> values = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (values.size() == MOST_COLUMNS) {
                    throw new UserException(where + ": more than " + MOST_COLUMNS + " columns; give another file");
                }
                values.add(parser.getText());
            }
            if (values.size() > 1 || (values.size() == 1 && !values.get(0).isBlank())) {
                sink.accept(values, where);
            }
        }
    }

    private static String where(Path file, CsvParser parser) {
        return file + ":" + parser.currentLocation().getLineNr();
    }
}
