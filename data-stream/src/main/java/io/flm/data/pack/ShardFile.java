package io.flm.data.pack;

import io.flm.data.Sha256;
import io.flm.data.TarSample;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/** A shard that is being written, under a name that is not its own yet. */
final class ShardFile implements Closeable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final FileChannel file;
    private final MessageDigest digest = Sha256.newDigest();
    private final OutputStream out;
    private long sizeBytes;

    private ShardFile(FileChannel file) {
        this.file = file;
        this.out =
                new DigestOutputStream(new BufferedOutputStream(Channels.newOutputStream(file), BUFFER_BYTES), digest);
    }

    /** Begins a file. What an earlier process left of it is deleted, and no link is followed. */
    static ShardFile begin(Path part) throws IOException {
        Files.deleteIfExists(part);
        return new ShardFile(FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    void add(byte[] block) throws IOException {
        out.write(block);
        sizeBytes += block.length;
    }

    /** How large the file will be if nothing more is added. */
    long sizeBytes() {
        return sizeBytes + TarSample.end().length;
    }

    /** Ends the file, which is on the disk then. Returns its SHA-256. */
    String end() throws IOException {
        add(TarSample.end());
        out.flush();
        file.force(true);
        file.close();
        return Sha256.hex(digest);
    }

    /** Gives the file up where it was not ended; it stays where it is. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
