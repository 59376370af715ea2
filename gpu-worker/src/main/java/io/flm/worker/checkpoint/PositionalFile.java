package io.flm.worker.checkpoint;

import io.flm.data.FileErrors;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** An open file that is read at positions, by several threads if need be. All errors are {@link UserException}s that name it. */
public final class PositionalFile implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel channel;

    private PositionalFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    public static PositionalFile open(Path path) {
        try {
            return new PositionalFile(path, FileChannel.open(path, StandardOpenOption.READ));
        } catch (NoSuchFileException e) {
            throw new UserException(path + ": no such file", e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    public Path path() {
        return path;
    }

    public long sizeBytes() {
        try {
            return channel.size();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** Fills {@code into}, position to limit, with the bytes from {@code at} on; false: the file ends before. */
    public boolean read(long at, ByteBuffer into) {
        int end = into.limit();
        try {
            for (long next = at; into.position() < end; ) {
                // By pieces: the channel keeps a native copy as large as the largest read of a heap buffer.
                into.limit(Math.min(end, into.position() + CHUNK_BYTES));
                int count = channel.read(into, next);
                if (count < 0) {
                    return false;
                }
                next += count;
            }
            return true;
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static UserException unreadable(Path path, IOException cause) {
        return new UserException(path + ": cannot be read (" + FileErrors.reason(cause) + ")", cause);
    }
}
