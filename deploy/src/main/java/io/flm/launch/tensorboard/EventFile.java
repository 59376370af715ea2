package io.flm.launch.tensorboard;

import io.flm.launch.files.PlainFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;

/**
 * One event file. TensorBoard reads the files of a folder in the order of their names, each to its end before the next: so a file is
 * written once, and whoever goes on begins the next number.
 *
 * <p>The fields are those of TensorFlow's {@code event.proto}, {@code summary.proto} and {@code tensor.proto}.
 */
final class EventFile implements AutoCloseable {
    /** Such a file drops what files before it say of its first step and later ones. */
    private static final String VERSION = "brain.Event:2";

    private static final int STRING = 7; // DataType.DT_STRING
    private static final int RGB = 3;
    private static final int SESSION_START = 1;

    private final Path file;
    private final OutputStream out;
    private final InstantSource clock;

    /** Makes a file that is not there yet. */
    @FunctionalInterface
    interface Maker {
        OutputStream create(Path file) throws IOException;
    }

    private EventFile(Path file, OutputStream out, InstantSource clock) {
        this.file = file;
        this.out = out;
        this.clock = clock;
    }

    /** Makes the next file of a folder, and the folder where it is missing. */
    static EventFile next(Path folder, InstantSource clock) throws IOException {
        return next(folder, clock, PlainFile::create);
    }

    /** The same, by another maker: a test's. Of a file whose beginning cannot be written nothing stays. */
    static EventFile next(Path folder, InstantSource clock, Maker maker) throws IOException {
        Files.createDirectories(folder);
        for (int number = count(folder) + 1; ; number++) {
            try {
                Path file = folder.resolve(String.format(Locale.ROOT, "events.out.tfevents.%010d", number));
                EventFile made = new EventFile(file, new BufferedOutputStream(maker.create(file)), clock);
                made.begin();
                return made;
            } catch (FileAlreadyExistsException e) {
                // taken: the next number
            }
        }
    }

    private void begin() throws IOException {
        try {
            write(event(0).text(3, VERSION));
        } catch (IOException e) {
            discard(e);
            throw e;
        }
    }

    /** Closes and removes a file that has no step yet; what fails of that is told with its cause. */
    void discard(IOException cause) {
        try {
            out.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** An upper bound would do as well: numbers only have to grow. */
    private static int count(Path folder) {
        String[] names = folder.toFile().list();
        return names == null ? 0 : names.length;
    }

    /** A session begins with this step: what is known of it, or of later ones, is of a session that was cut off. */
    void start(long step) throws IOException {
        write(event(step).message(7, new ProtoMessage().varint(1, SESSION_START)));
    }

    /** Numbers of a step, by their tags. Tags with the same words before a slash are shown together. */
    void scalars(long step, Map<String, Double> values) throws IOException {
        ProtoMessage summary = new ProtoMessage();
        values.forEach((tag, value) ->
                summary.message(1, new ProtoMessage().text(1, tag).number(2, value.floatValue())));
        summary(step, summary);
    }

    /** A text in Markdown. */
    void text(long step, String tag, String markdown) throws IOException {
        ProtoMessage one = new ProtoMessage().message(2, new ProtoMessage().varint(1, 1)); // the shape [1]
        ProtoMessage tensor =
                new ProtoMessage().varint(1, STRING).message(2, one).text(8, markdown);
        ProtoMessage shownBy = new ProtoMessage().message(1, new ProtoMessage().text(1, "text"));
        ProtoMessage value = new ProtoMessage().text(1, tag).message(9, shownBy).message(8, tensor);
        summary(step, new ProtoMessage().message(1, value));
    }

    /**
     * A square picture.
     *
     * @param size pixels a side
     * @param description in Markdown; TensorBoard keeps the first of a tag
     */
    void picture(long step, String tag, String description, int size, byte[] png) throws IOException {
        ProtoMessage image = new ProtoMessage()
                .varint(1, size)
                .varint(2, size)
                .varint(3, RGB)
                .bytes(4, png);
        ProtoMessage shownBy = new ProtoMessage()
                .message(1, new ProtoMessage().text(1, "images"))
                .text(3, description);
        ProtoMessage value = new ProtoMessage().text(1, tag).message(9, shownBy).message(4, image);
        summary(step, new ProtoMessage().message(1, value));
    }

    /** An event; its one field beside time and step is added last. */
    private ProtoMessage event(long step) {
        return new ProtoMessage().number(1, clock.millis() / 1e3).varint(2, step);
    }

    private void summary(long step, ProtoMessage summary) throws IOException {
        write(event(step).message(5, summary));
    }

    private void write(ProtoMessage event) throws IOException {
        out.write(TensorBoardRecord.framed(event.toBytes()));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
