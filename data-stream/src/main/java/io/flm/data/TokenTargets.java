package io.flm.data;

import java.util.Arrays;

/**
 * Tokens to be predicted: at {@code positions[k]} of the flattened [B, L] text the token {@code ids[k]}.
 *
 * @param from whose features predict them
 * @param positions row * L + column, ascending
 * @param ids the expected token of each position
 * @param corruption how much of the texts they are, and what is hidden of them
 */
public record TokenTargets(From from, int[] positions, int[] ids, CorruptionCounts corruption) implements Targets {
    /** Whose features predict a token. */
    public enum From {
        /** The one stream that reads the text, or the reconstructor. */
        OUTPUT,
        /** The l2r stream that the reconstructor reads. */
        L2R,
        /** The r2l stream that the reconstructor reads. */
        R2L
    }

    public TokenTargets {
        if (positions.length != ids.length) {
            throw new IllegalArgumentException(positions.length + " positions, but " + ids.length + " ids");
        }
    }

    /** Tokens of which nobody asks how much is hidden. */
    public TokenTargets(From from, int[] positions, int[] ids) {
        this(from, positions, ids, CorruptionCounts.NONE);
    }

    /** Of a head that is not asked. */
    public static TokenTargets none(From from) {
        return new TokenTargets(from, new int[0], new int[0]);
    }

    @Override
    public int count() {
        return positions.length;
    }

    @Override
    public TokenTargets moved(int rows, int before, int after) {
        int[] there = Arrays.stream(positions)
                .map(p -> (p / before + rows) * after + p % before)
                .toArray();
        return new TokenTargets(from, there, ids, corruption);
    }

    /** Grows. */
    public static final class Builder {
        private int[] positions = new int[64];
        private int[] ids = new int[64];
        private int count;
        private long predictable;
        private long predicted;
        private long visible;
        private long hidden;

        /** Counts a text of so many tokens that could be predicted. */
        public void text(int tokens) {
            predictable += tokens;
        }

        /**
         * Adds a token, and counts what it sees.
         *
         * @param couldSee tokens that it could see if nothing were hidden, itself among them
         * @param mayNotSee those of them that are hidden, itself among them
         */
        public void add(int position, int id, int couldSee, int mayNotSee) {
            predicted++;
            visible += couldSee;
            hidden += mayNotSee;
            add(position, id);
        }

        public void add(int position, int id) {
            if (count == ids.length) {
                positions = Arrays.copyOf(positions, 2 * count);
                ids = Arrays.copyOf(ids, 2 * count);
            }
            positions[count] = position;
            ids[count++] = id;
        }

        public TokenTargets build(From from) {
            CorruptionCounts corruption = new CorruptionCounts(predictable, predicted, visible, hidden);
            return new TokenTargets(from, Arrays.copyOf(positions, count), Arrays.copyOf(ids, count), corruption);
        }
    }
}
