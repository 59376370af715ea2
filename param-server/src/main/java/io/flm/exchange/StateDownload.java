package io.flm.exchange;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What a member has so far of the state that it fetches. It outlives generations: if a donor dies, the members form the next one,
 * and {@link Exchange#fetch} goes on at the same byte with another donor.
 */
public final class StateDownload {
    private final long step;
    private final StateSink sink;
    private final MessageDigest digest = sha256();
    private long sizeBytes = -1;
    private long receivedBytes;
    private boolean complete;

    /** @param step the steps committed by a member with this state: the next generation's first step */
    public StateDownload(long step, StateSink sink) {
        this.step = step;
        this.sink = sink;
    }

    /**
     * How far a fetch is.
     *
     * @param donor the rank that sends
     */
    public record Progress(long receivedBytes, long sizeBytes, double bytesPerSecond, int donor) {}

    public long step() {
        return step;
    }

    /** Bytes received and written to the sink. */
    public synchronized long receivedBytes() {
        return receivedBytes;
    }

    /** Bytes of the whole state, or -1 before the first came. */
    public synchronized long sizeBytes() {
        return sizeBytes;
    }

    /** Whether all bytes are there and the donor's SHA-256 is theirs. */
    public synchronized boolean isComplete() {
        return complete;
    }

    synchronized void begin(long size) {
        if (sizeBytes < 0) {
            sink.begin(size);
            sizeBytes = size;
        } else if (sizeBytes != size) {
            throw new IllegalArgumentException("a state of " + size + " bytes, where " + sizeBytes + " were begun");
        }
    }

    synchronized void write(ByteBuffer bytes) {
        long offset = receivedBytes;
        int count = bytes.remaining();
        ByteBuffer written = bytes.duplicate();
        sink.write(offset, bytes);
        digest.update(written); // not where the sink failed: then they come again
        receivedBytes = offset + count;
    }

    /** Compares hashes; the state is of no use if they differ. */
    synchronized boolean end(byte[] sha256) {
        complete = receivedBytes == sizeBytes && MessageDigest.isEqual(digest.digest(), sha256);
        if (!complete) {
            receivedBytes = 0; // the next fetch begins anew
        }
        return complete;
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
