package io.flm.data.arrow;

import io.flm.data.SampleException;
import io.flm.data.TextFile;
import io.flm.data.UsableTexts;
import io.flm.data.UserException;
import io.flm.data.arrow.ArrowFile.Buffer;
import io.flm.data.arrow.ArrowFile.Column;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The captions of a record batch's rows, looked up as they are asked for. */
record RowTexts(ArrowReader reader, Column column) {
    private static final int MOST_TEXTS = 10_000; // of a row
    private static final int MOST_BYTES = 1 << 20; // of a row, as of a file of captions in a tar file

    /** Which of a column's rows, and the column. */
    private record Texts(Column column, long first, int count) {}

    /**
     * The captions of a row.
     *
     * @param name of the sample, for messages
     */
    List<String> of(String name, int row) throws SampleException, IOException {
        try {
            Texts texts = texts(name, row);
            List<String> captions = new ArrayList<>();
            if (texts.count() > 0) {
                long[] offsets = reader.offsets(texts.column(), texts.first(), texts.count());
                byte[] letters = letters(name, texts.column(), offsets);
                for (int i = 0; i < texts.count(); i++) {
                    if (!reader.isNull(texts.column(), texts.first() + i)) {
                        captions.add(text(name, Arrays.copyOfRange(letters, (int) (offsets[i] - offsets[0]), (int)
                                (offsets[i + 1] - offsets[0]))));
                    }
                }
            }
            return UsableTexts.captions(name, captions);
        } catch (UserException e) { // of damage in the places of these captions alone
            throw new SampleException(name, String.valueOf(e.getMessage()));
        }
    }

    private Texts texts(String name, int row) throws SampleException, IOException {
        if (reader.isNull(column, row)) {
            throw new SampleException(name, "its caption is null");
        }
        if (column.children().isEmpty()) {
            return new Texts(column, row, 1);
        }
        Column items = column.children().get(0);
        long[] range = reader.offsets(column, row, 1);
        if (range[1] > items.rows()) {
            throw reader.damaged(column, "has fewer texts than row " + row + " names");
        }
        if (range[1] - range[0] > MOST_TEXTS) {
            throw new SampleException(name, "it has " + (range[1] - range[0]) + " captions, more than " + MOST_TEXTS);
        }
        return new Texts(items, range[0], (int) (range[1] - range[0]));
    }

    private byte[] letters(String name, Column texts, long[] offsets) throws SampleException, IOException {
        long sizeBytes = offsets[offsets.length - 1] - offsets[0];
        if (sizeBytes > MOST_BYTES) {
            throw new SampleException(name, "its captions have " + sizeBytes + " bytes, more than " + MOST_BYTES);
        }
        return reader.read(texts, texts.buffers().get(2), offsets[0], (int) sizeBytes)
                .array();
    }

    private static String text(String name, byte[] letters) throws SampleException {
        try {
            return TextFile.utf8(letters);
        } catch (CharacterCodingException e) {
            throw new SampleException(name, "the caption is not text in UTF-8");
        }
    }

    /** Adds where the texts lie. */
    void digest(MessageDigest digest) {
        ByteBuffer places = ByteBuffer.allocate(2 * Long.BYTES);
        for (Column each : column.children().isEmpty()
                ? List.of(column)
                : List.of(column, column.children().get(0))) {
            for (Buffer buffer : each.buffers()) {
                digest.update(places.putLong(0, buffer.position())
                        .putLong(Long.BYTES, buffer.sizeBytes())
                        .rewind());
            }
        }
    }
}
