package io.flm.exchange;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** A state that a rank of this process holds. It is hashed once, a block at a time, for all nodes that fetch it. */
final class StateOffer {
    private static final int HASH_BYTES = 1 << 18;

    final int rank;
    final long step;
    final StateSource source;
    private final MessageDigest digest = StateDownload.sha256();
    private @Nullable ByteBuffer block;
    private long hashedBytes;
    private byte @Nullable [] hash;

    StateOffer(int rank, long step, StateSource source) {
        this.rank = rank;
        this.step = step;
        this.source = source;
    }

    long hashedBytes() {
        return hashedBytes;
    }

    /** Hashes the next block; gives the hash once there is no more. */
    byte @Nullable [] hashOn() {
        if (hash == null) {
            ByteBuffer bytes = block == null ? ByteBuffer.allocateDirect(HASH_BYTES) : block;
            block = bytes;
            bytes.clear().limit((int) Math.min(HASH_BYTES, source.sizeBytes() - hashedBytes));
            source.read(hashedBytes, bytes);
            hashedBytes += bytes.flip().limit();
            digest.update(bytes);
            if (hashedBytes == source.sizeBytes()) {
                hash = digest.digest();
            }
        }
        return hash;
    }
}
