package io.flm.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which samples of a source are taken: all, those to train on, or those held out. Whether a sample is held out follows from its
 * key alone, so it is the same on every node, in every epoch, whatever the seed and the order of the shards; samples of one key,
 * in whatever shards, stay together.
 *
 * @param share of the samples that is held out, in [0, 1)
 * @param heldOut whether these are taken, or the others
 * @param scored of files that name splits of their own, whether those to score on are meant, or those to train on
 */
public record Split(double share, boolean heldOut, boolean scored) {
    /** All there is to train on. */
    public static final Split ALL = new Split(0, false, false);

    /** All of data that are given to evaluate on. */
    public static final Split SCORED = new Split(0, false, true);

    public Split {
        if (!(share >= 0 && share < 1)) {
            throw new UserException("flm.data.hold-out = " + share + ": give a share in [0, 1), such as 0.01");
        }
    }

    /** The samples to train on where {@code share} is held out. */
    public static Split training(double share) {
        return new Split(share, false, false);
    }

    public static Split heldOut(double share) {
        return new Split(share, true, false);
    }

    /** The numbers of a shard's samples that are taken, in their order; null: all. */
    int @Nullable [] of(Shard shard) {
        return share == 0 && !heldOut
                ? null
                : IntStream.range(0, shard.size())
                        .filter(sample -> takes(shard.key(sample)))
                        .toArray();
    }

    /** Whether a sample of a key is taken. */
    boolean takes(String key) {
        return isHeldOut(key) == heldOut;
    }

    /** How many of a shard's samples are taken. */
    int count(Shard shard) {
        int[] taken = of(shard);
        return taken == null ? shard.size() : taken.length;
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
