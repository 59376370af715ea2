package io.flm.data;

import java.util.Arrays;

/**
 * Which pictures the rows of a batch see. Rows may share a picture, which is then encoded once.
 *
 * @param ofRow the picture of each row [B]
 * @param second of each picture, whether it is the second one of a pair [P]
 */
public record SeenPictures(int[] ofRow, boolean[] second) {
    public SeenPictures {
        if (Arrays.stream(ofRow).anyMatch(p -> p < 0 || p >= second.length)) {
            throw new IllegalArgumentException(Arrays.toString(ofRow) + " of " + second.length + " pictures");
        }
    }

    /** Row r sees picture r. */
    public static SeenPictures oneEach(int rows) {
        int[] own = new int[rows];
        Arrays.setAll(own, row -> row);
        return of(own, rows);
    }

    /** Pictures that belong to no pairs. */
    public static SeenPictures of(int[] ofRow, int pictures) {
        return new SeenPictures(ofRow, new boolean[pictures]);
    }

    /** The number of pictures. */
    public int count() {
        return second.length;
    }

    /** Whether row r sees picture r, and none is the second one of a pair. */
    public boolean isOneEach() {
        for (int row = 0; row < ofRow.length; row++) {
            if (ofRow[row] != row) {
                return false;
            }
        }
        return ofRow.length == second.length && !hasSecond();
    }

    /** Whether any is the second one of a pair. */
    public boolean hasSecond() {
        for (boolean s : second) {
            if (s) {
                return true;
            }
        }
        return false;
    }
}
