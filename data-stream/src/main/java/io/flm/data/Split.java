package io.flm.data;

import io.flm.data.TarShard.Parts;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

/**
 * Which samples of a source are taken: all, those to train on, or those held out. Whether a sample is held out follows from its
 * key alone, so it is the same on every node, in every epoch, whatever the seed and the order of the shards; samples of one key,
 * in whatever shards, stay together.
 *
 * @param share of the samples that is held out, in [0, 1)
 * @param heldOut whether these are taken, or the others
 */
public record Split(double share, boolean heldOut) {
    public static final Split ALL = new Split(0, false);

    public Split {
        if (!(share >= 0 && share < 1)) {
            throw new UserException("flm.data.hold-out = " + share + ": give a share in [0, 1), such as 0.01");
        }
    }

    /** The samples to train on where {@code share} is held out. */
    public static Split training(double share) {
        return new Split(share, false);
    }

    public static Split heldOut(double share) {
        return new Split(share, true);
    }

    /** Those of a shard's samples that are taken, in their order. */
    List<Parts> of(List<Parts> samples) {
        return equals(ALL)
                ? samples
                : samples.stream()
                        .filter(parts -> isHeldOut(parts.key()) == heldOut)
                        .toList();
    }

    private boolean isHeldOut(String key) {
        if (share == 0) {
            return false;
        }
        MessageDigest digest = Sha256.newDigest();
        long number = ByteBuffer.wrap(digest.digest(key.getBytes(StandardCharsets.UTF_8)))
                .getLong();
        return (number >>> 11) * 0x1.0p-53 < share;
    }
}
