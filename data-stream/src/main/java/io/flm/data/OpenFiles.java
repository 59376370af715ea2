package io.flm.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files that are read by any thread, of which few are open at a time: a source may have more shards than a process may have
 * open files. A reader takes an open file for itself, or opens one, and puts it back; those put back longest ago are closed.
 */
final class OpenFiles implements AutoCloseable {
    static final int MOST_IDLE = 64;

    private final Map<Path, FileChannel> idle = new LinkedHashMap<>(); // the one put back longest ago first
    private boolean closed;

    /** A file as it was when it was seen first: one that changed since is not read, its samples would be others. */
    private final class OneFile implements Bytes {
        private final Path path;
        private final long size;
        private final FileTime changed;

        OneFile(Path path, BasicFileAttributes attributes) {
            this.path = path;
            this.size = attributes.size();
            this.changed = attributes.lastModifiedTime();
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            FileChannel channel = take(path);
            if (channel == null) {
                channel = open();
            }
            try {
                fill(channel, into, position);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            putBack(path, channel);
        }

        private FileChannel open() throws IOException {
            FileChannel channel = openWithRoom(path);
            try {
                BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
                if (now.size() != size || !now.lastModifiedTime().equals(changed)) {
                    throw new IOException(path + " has changed since it was opened first");
                }
                return channel;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }
    }

    /** A file that must be there, and a regular one: a pipe would hold its reader for ever. */
    Bytes file(Path path) throws IOException {
        return file(path, Files.readAttributes(path, BasicFileAttributes.class));
    }

    /** The same, as it was when its attributes were read. */
    Bytes file(Path path, BasicFileAttributes attributes) {
        if (!attributes.isRegularFile()) {
            throw new UserException(path + ": " + (attributes.isDirectory() ? "a folder" : "a pipe or a device")
                    + " where a file is wanted; give other data");
        }
        return new OneFile(path, attributes);
    }

    static void fill(FileChannel channel, ByteBuffer into, long position) throws IOException {
        long start = position - into.position();
        while (into.hasRemaining()) {
            if (channel.read(into, start + into.position()) < 0) {
                throw new EOFException("the file has become shorter");
            }
        }
    }

    private FileChannel openWithRoom(Path path) throws IOException {
        try {
            return FileChannel.open(path, StandardOpenOption.READ);
        } catch (IOException e) {
            if (FileErrors.isTooManyOpen(e) && closeIdle(0)) {
                return FileChannel.open(path, StandardOpenOption.READ);
            }
            throw e;
        }
    }

    private synchronized @Nullable FileChannel take(Path path) throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        return idle.remove(path);
    }

    private void putBack(Path path, FileChannel channel) throws IOException {
        FileChannel other;
        synchronized (this) {
            other = closed ? channel : idle.put(path, channel); // of another thread, which had to open its own
        }
        if (other != null) {
            other.close();
        }
        closeIdle(MOST_IDLE);
    }

    /** Closes open files that nobody reads until {@code most} are left; false: there were none to close. */
    private boolean closeIdle(int most) throws IOException {
        List<FileChannel> surplus = new ArrayList<>();
        synchronized (this) {
            Iterator<FileChannel> oldest = idle.values().iterator();
            while (idle.size() > most) {
                surplus.add(oldest.next());
                oldest.remove();
            }
        }
        for (FileChannel channel : surplus) {
            channel.close();
        }
        return !surplus.isEmpty();
    }

    /** Files that are being read are closed when their reader is done. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        closeIdle(0);
    }
}
