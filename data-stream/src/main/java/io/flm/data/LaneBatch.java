package io.flm.data;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What one lane trains on in one step, in host memory.
 *
 * @param step the step, from 0
 * @param lane the lane, from 0
 * @param imageSize S, pixels a side
 * @param pixels RGB values 0..255, a direct buffer of [B, 3, S, S], position 0
 * @param text the corrupted text, B rows
 * @param keys the sample of each row as {@code shard:key}, for messages
 * @param bad samples drawn for it that were passed over, those of its window's texts with the window's first step
 */
public record LaneBatch(
        long step, int lane, int imageSize, ByteBuffer pixels, TextBatch text, List<String> keys, int bad) {
    public LaneBatch {
        keys = List.copyOf(keys);
    }

    public int rows() {
        return text.rows();
    }
}
