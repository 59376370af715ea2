package io.flm.data;

import java.io.IOException;
import java.util.OptionalLong;

/** Pictures by index, read as they are asked for, by any thread: those of shards are a {@link Dataset}. */
public interface PictureSource extends AutoCloseable {
    /** N. */
    long size();

    /** What messages call a picture: {@code shard:key}. */
    String name(long index);

    /** The encoded picture. An {@link IOException} says nothing of the picture, another try may succeed. */
    byte[] image(long index) throws IOException;

    /** Of the encoded picture. */
    int imageSizeBytes(long index);

    /**
     * The picture that annotation files call {@code key}: {@code noto/1f4c4}, or {@code dev-850-0-img0.png}, with or without the
     * end of its file. A name without a folder also finds a picture in one, so that {@code COCO_val2014_000000391895} finds {@code
     * val2014/COCO_val2014_000000391895}; a name with a folder is taken at its word.
     *
     * @throws UserException where several pictures have the key; it names two of them
     */
    OptionalLong find(String key);

    /** What is there beside pictures, or beside samples. */
    LeftOut leftOut();

    /** Of names and sizes. */
    String sha256();

    @Override
    void close();
}
