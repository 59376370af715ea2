package io.flm.data.pack;

import io.flm.data.UserException;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A file that lines are added to. The last one may be cut, where a process was killed. */
final class LineFile implements Closeable {
    private static final int BUFFER_BYTES = 1 << 16;

    private final FileChannel file;
    private ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private long sizeBytes; // with what is in the buffer

    private LineFile(FileChannel file) throws IOException {
        this.file = file;
        this.sizeBytes = file.size();
        file.position(sizeBytes);
    }

    /**
     * Opens a file, made where it is missing.
     *
     * @param alone whether no other process may have it open so
     */
    static LineFile open(Path path, boolean alone) throws IOException {
        FileChannel file = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
        try {
            if (alone && file.tryLock() == null) {
                throw new OverlappingFileLockException();
            }
            return new LineFile(file);
        } catch (OverlappingFileLockException e) {
            file.close();
            throw new UserException(path + ": another process packs there; wait for it, or give another --out", e);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** All lines that have an end. */
    List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        file.position(0);
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(file), StandardCharsets.UTF_8));
        String line = reader.readLine();
        while (line != null) {
            lines.add(line);
            line = reader.readLine();
        }
        if (!lines.isEmpty() && !endsWithBreak()) {
            lines.remove(lines.size() - 1);
        }
        file.position(sizeBytes);
        return lines;
    }

    private boolean endsWithBreak() throws IOException {
        ByteBuffer last = ByteBuffer.allocate(1);
        file.read(last, file.size() - 1);
        return last.get(0) == '\n';
    }

    /** Cuts the file after so many bytes; false: it has fewer. */
    boolean cut(long bytes) throws IOException {
        if (bytes > sizeBytes) {
            return false;
        }
        file.truncate(bytes);
        file.position(bytes);
        sizeBytes = bytes;
        return true;
    }

    /** Adds bytes that end with a line break. */
    void add(byte[] line) throws IOException {
        if (line.length > buffer.remaining()) {
            flush();
        }
        if (line.length > buffer.remaining()) {
            buffer = ByteBuffer.allocate(2 * line.length);
        }
        buffer.put(line);
        sizeBytes += line.length;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    private void flush() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            file.write(buffer);
        }
        buffer.clear();
    }

    /** What was added is on the disk. */
    void force() throws IOException {
        flush();
        file.force(true);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
