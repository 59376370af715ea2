package io.flm.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * Pictures by index, read as they are asked for, by any thread: those of shards, which a {@link Dataset} is for, too, and those of a
 * folder of files.
 */
public interface PictureSource extends AutoCloseable {
    /**
     * Opens pictures for examples that are written down elsewhere: shards need no captions for that.
     *
     * @param paths shards and folders of them, as {@link Dataset#open} takes them, and folders of pictures, whose folders are
     *     searched too
     * @throws UserException where a path holds no picture
     */
    static PictureSource open(List<Path> paths) {
        return open(paths, RemoteSettings.defaults());
    }

    /**
     * The same.
     *
     * @param remote how shards on servers are read
     */
    static PictureSource open(List<Path> paths, RemoteSettings remote) {
        return openEach(paths, remote).source();
    }

    /** The same, and which of its pictures each path brought. */
    static Opened openEach(List<Path> paths, RemoteSettings remote) {
        return PicturePaths.open(paths, remote);
    }

    /**
     * What was opened.
     *
     * @param given a path for each that was given, and those that its braces stand for
     */
    record Opened(PictureSource source, List<Given> given) {
        public Opened {
            given = List.copyOf(given);
        }
    }

    /**
     * A path with the pictures that it brought.
     *
     * @param from its first index
     * @param to behind its last one
     */
    record Given(Path path, long from, long to) {}

    /** N. */
    long size();

    /** What annotation files call it: its path in the shard or folder, without the end that says its form. */
    String key(long index);

    /** What messages call a picture: {@code shard:key}. */
    String name(long index);

    /** The address of the file on a server that holds it; empty: it lies on a disk. */
    default String file(long index) {
        return "";
    }

    /** The encoded picture. An {@link IOException} says nothing of the picture, another try may succeed. */
    byte[] image(long index) throws IOException;

    /** How many reads are worth to run side by side. */
    default int parallelReads() {
        return 1;
    }

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

    /**
     * The same among the pictures from one index up to another, by the whole key: a name without a folder finds none in a folder.
     *
     * @throws UserException where several of them have the key
     */
    OptionalLong findWhole(String key, long from, long to);

    /** What is there beside pictures, or beside samples. */
    LeftOut leftOut();

    /** Of names and sizes. */
    String sha256();

    @Override
    void close();
}
