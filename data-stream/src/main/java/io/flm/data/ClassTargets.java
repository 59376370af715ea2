package io.flm.data;

import java.util.Arrays;

/**
 * One class of several, for each of N predictions. Each prediction reads the class vectors of as many rows as all others: of one
 * row; of the two rows of a pair, whose vectors are joined; or of several rows that are scored one by one, the class being which
 * of them is right.
 *
 * @param rows of the batch, in the order of the predictions
 * @param classes the right class of each prediction [N]
 */
public record ClassTargets(int[] rows, int[] classes) implements Targets {
    public ClassTargets {
        if (classes.length == 0 ? rows.length > 0 : rows.length % classes.length != 0) {
            throw new IllegalArgumentException(rows.length + " rows for " + classes.length + " predictions");
        }
    }

    @Override
    public int count() {
        return classes.length;
    }

    @Override
    public ClassTargets moved(int by, int before, int after) {
        return new ClassTargets(Arrays.stream(rows).map(r -> r + by).toArray(), classes);
    }
}
