package io.flm.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code .tar.gz} of a source, unpacked one behind the other into one temporary file, so that their samples can be reached
 * in any order. Only this user can read the file, it has no name, and it ends with the process, however that ends.
 *
 * <p>Each process unpacks them anew at its start, which is fine for a few gigabytes: beyond {@link #MOST_BYTES}, or half of the
 * room that is free, they are refused, since {@code gunzip} does it once for all.
 */
final class Unpacked implements AutoCloseable {
    static final long MOST_BYTES = 8L << 30;

    private static final Logger LOG = LoggerFactory.getLogger(Unpacked.class);
    private static final long TOLD_BYTES = 256L << 20;

    private final Path folder;
    private final long mostBytes;
    private @Nullable FileChannel channel;
    private long limit;
    private long end;
    private boolean told;

    Unpacked() {
        this(Path.of(System.getProperty("java.io.tmpdir")), MOST_BYTES);
    }

    Unpacked(Path folder, long mostBytes) {
        this.folder = folder;
        this.mostBytes = mostBytes;
    }

    /** A packed file's content in the temporary file. */
    private record Section(FileChannel channel, long start, long size) implements Bytes {
        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            OpenFiles.fill(channel, into, start + position);
        }
    }

    /** Reads what is packed, and remembers whether the disk failed: what a decoder complains of is damage. */
    private static final class Packed extends InputStream {
        private final Bytes bytes;
        private long position;
        private @Nullable IOException failure;

        Packed(Bytes bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int count = (int) Math.min(length, bytes.size() - position);
            if (count == 0) {
                return length == 0 ? 0 : -1;
            }
            try {
                bytes.read(ByteBuffer.wrap(into, offset, count).slice(), position);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
            position += count;
            return count;
        }
    }

    /** Unpacks one more file; {@code file} is what messages call it. */
    synchronized Bytes unpack(String file, Bytes packed) throws IOException {
        FileChannel to = channel(file);
        long start = end;
        Packed input = new Packed(packed);
        try (InputStream in = GzipCompressorInputStream.builder()
                .setInputStream(input)
                .setBufferSize(1 << 16)
                .setDecompressConcatenated(true)
                .get()) {
            byte[] chunk = new byte[1 << 16];
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                if (end + count > limit) {
                    throw tooLarge(file);
                }
                write(file, to, ByteBuffer.wrap(chunk, 0, count));
            }
        } catch (IOException e) {
            throw e == input.failure ? e : new TarEntries.Damage(FileErrors.reason(e));
        }
        LOG.info("{}: unpacked to {} bytes of a temporary file in {}", file, end - start, folder);
        if (end > TOLD_BYTES && !told) {
            told = true;
            LOG.warn(
                    "the .tar.gz files of the data are unpacked into {} at each start, by each process ({} MiB so far); gunzip does"
                            + " it once",
                    folder,
                    end >> 20);
        }
        return new Section(to, start, end - start);
    }

    private void write(String file, FileChannel to, ByteBuffer chunk) {
        try {
            while (chunk.hasRemaining()) {
                end += to.write(chunk, end);
            }
        } catch (IOException e) {
            throw noRoom(file, e);
        }
    }

    private FileChannel channel(String file) {
        FileChannel open = channel;
        if (open == null) {
            try {
                Path unpacked = Files.createTempFile(folder, "flm-", ".tar");
                try {
                    open = FileChannel.open(unpacked, StandardOpenOption.READ, StandardOpenOption.WRITE);
                } finally {
                    Files.deleteIfExists(unpacked); // the open channel keeps the content; a kill leaves nothing behind
                }
                limit = Math.min(mostBytes, Files.getFileStore(folder).getUsableSpace() / 2);
            } catch (IOException e) {
                throw noRoom(file, e);
            }
            channel = open;
        }
        return open;
    }

    private UserException tooLarge(String file) {
        return new UserException(String.format(
                Locale.ROOT,
                "%s: the .tar.gz files of the data need more than %,d MiB in %s, %s; unpack them with gunzip, and give the .tar",
                file,
                limit >> 20,
                folder,
                limit == mostBytes ? "the most that is unpacked" : "half of its free room"));
    }

    private UserException noRoom(String file, IOException e) {
        boolean full = WriteErrors.full(e) != null;
        String cause = full
                ? "no room in " + folder + " to unpack it; make room, name"
                : "cannot be unpacked into " + folder + " (" + FileErrors.reason(e) + "); name";
        return new UserException(file + ": " + cause + " another folder by TMPDIR, or unpack it with gunzip", e);
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
