package io.flm.data;

import java.util.Arrays;

/**
 * The predictions of one head in one batch: at {@code positions[k]} of the flattened [B, L] text the token {@code ids[k]}
 * is to be predicted.
 *
 * @param positions row * L + column, ascending
 * @param ids the expected token of each position
 */
public record Targets(int[] positions, int[] ids) {
    public Targets {
        if (positions.length != ids.length) {
            throw new IllegalArgumentException(positions.length + " positions, but " + ids.length + " ids");
        }
    }

    /** Of a head that is not asked. */
    public static Targets none() {
        return new Builder().build();
    }

    public int count() {
        return positions.length;
    }

    /** Grows. */
    public static final class Builder {
        private int[] positions = new int[64];
        private int[] ids = new int[64];
        private int count;

        public void add(int position, int id) {
            if (count == ids.length) {
                positions = Arrays.copyOf(positions, 2 * count);
                ids = Arrays.copyOf(ids, 2 * count);
            }
            positions[count] = position;
            ids[count++] = id;
        }

        public Targets build() {
            return new Targets(Arrays.copyOf(positions, count), Arrays.copyOf(ids, count));
        }
    }
}
