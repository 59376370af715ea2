package io.flm.data;

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

    public int count() {
        return positions.length;
    }
}
