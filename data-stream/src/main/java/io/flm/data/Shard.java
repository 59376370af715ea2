package io.flm.data;

import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Some of the samples of a {@link Dataset}, by number: those of a tar file, of an Arrow file, of a table of captions. Any thread may
 * ask. What is held open for it is closed with the {@link ShardFiles} that it was opened with.
 */
public interface Shard {
    /** What messages call it. */
    String label();

    /** N. */
    int size();

    /** What annotation files call a sample's picture, and what decides whether it is held out. */
    String key(int sample);

    /** The address of the file on a server that holds a sample's picture; empty: it lies on a disk. */
    default String file(int sample) {
        return "";
    }

    /** The encoded picture. An {@link IOException} says nothing of the picture, another try may succeed; {@link Reads} made some. */
    byte[] image(int sample) throws IOException;

    /** Of the encoded picture. */
    int imageSizeBytes(int sample);

    /**
     * What people said of a picture; at least one text.
     *
     * @throws SampleException where there is none, or one is damaged
     * @throws IOException says nothing of the sample, as with {@link #image}
     */
    List<String> captions(int sample) throws SampleException, IOException;

    /** Tells what keeps parts of it when it is needed next. */
    default void expect(LongSupplier placesUntil) {}

    /** Adds what samples follow from, without reading pictures for it: part of what checkpoints are compared by. */
    void digest(MessageDigest digest);
}
