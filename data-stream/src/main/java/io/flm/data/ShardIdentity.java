package io.flm.data;

import java.nio.file.attribute.FileTime;
import java.time.Instant;

/**
 * By what a shard is known again: its size, and the mark that its server gives these bytes (ETag), or where there is none, when they
 * were changed last.
 *
 * @param etag empty where there is none, as for files of a disk
 * @param changed {@link #UNKNOWN} where a server does not say it
 */
record ShardIdentity(long sizeBytes, String etag, Instant changed) {
    static final Instant UNKNOWN = Instant.EPOCH;

    private static final int MOST_MARK = 256; // letters of an ETag

    /** Of a file of a disk. */
    static ShardIdentity ofFile(long sizeBytes, FileTime changed) {
        return new ShardIdentity(sizeBytes, "", changed.toInstant());
    }

    /** Of a file on a server, whose mark is passed over if it is longer than marks are. */
    static ShardIdentity ofServer(long sizeBytes, String etag, Instant changed) {
        return new ShardIdentity(sizeBytes, etag.length() > MOST_MARK ? "" : etag, changed);
    }

    /** Whether these are the bytes of {@code other}, as far as anybody says. */
    boolean isSameAs(ShardIdentity other) {
        return sizeBytes == other.sizeBytes
                && etag.equals(other.etag)
                && (!etag.isEmpty() || changed.equals(other.changed));
    }

    /** Whether anything but the size would tell other bytes. */
    boolean isMarked() {
        return !etag.isEmpty() || !changed.equals(UNKNOWN);
    }
}
