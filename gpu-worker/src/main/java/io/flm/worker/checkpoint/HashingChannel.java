package io.flm.worker.checkpoint;

import io.flm.data.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;

/** Tells the hash of what is written through it. */
final class HashingChannel implements WritableByteChannel {
    private final Disk.Output out;
    private final MessageDigest digest = Sha256.newDigest();
    private long bytes;

    HashingChannel(Disk.Output out) {
        this.out = out;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        ByteBuffer hashed = from.duplicate();
        int written = out.write(from);
        digest.update(hashed.limit(hashed.position() + written));
        bytes += written;
        return written;
    }

    @Override
    public boolean isOpen() {
        return out.isOpen();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    long sizeBytes() {
        return bytes;
    }

    /** Of all that was written; once. */
    String sha256() {
        return Sha256.hex(digest);
    }
}
