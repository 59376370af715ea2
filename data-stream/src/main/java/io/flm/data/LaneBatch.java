package io.flm.data;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What one lane trains on in one step, in host memory.
 *
 * @param step the step, from 0
 * @param lane the lane, from 0
 * @param imageSize S, pixels a side
 * @param pixels RGB values 0..255, a direct buffer of [P, 3, S, S], position 0: the pictures of each sample behind those of the one before
 * @param text the corrupted text; its rows may be more than samples, or fewer than pictures
 * @param keys of each sample, as {@code shard:key}, for messages
 * @param bySource how many of them each source has: those of a source come one after another
 * @param bad samples drawn for it that were passed over, those of its window's texts with the window's first step
 */
public record LaneBatch(
        long step,
        int lane,
        int imageSize,
        ByteBuffer pixels,
        TextBatch text,
        List<String> keys,
        int[] bySource,
        int bad) {
    public LaneBatch {
        keys = List.copyOf(keys);
    }

    /** How many samples it is made of. */
    public int samples() {
        return keys.size();
    }

    /** P: a sample may have two pictures, and several rows of the text may see one. */
    public int pictures() {
        return pixels.limit() / (3 * imageSize * imageSize);
    }

    /** B: of the text. */
    public int rows() {
        return text.rows();
    }
}
