package io.flm.data;

/**
 * Ends a run if too many of its samples are bad. What is counted is what all lanes drew, which every worker learns with each step:
 * so whether a run ends, and after which step, does not depend on which worker met which sample. It is counted from epoch to
 * epoch; a worker that comes later, or a run that is resumed, begins to count there.
 */
public final class BadShare {
    private static final int FEW = 10;

    private final double rate;
    private final long steps; // of an epoch
    private final long draws; // of so many steps
    private final double most;

    private long epoch = -1;
    private long bad;

    /** @param globalBatch samples that a step draws */
    BadShare(long sourceSize, double rate, long globalBatch) {
        this.rate = rate;
        this.steps = Math.max(1, (sourceSize + globalBatch - 1) / globalBatch);
        this.draws = steps * globalBatch;
        this.most = most(sourceSize, rate) * draws / sourceSize;
    }

    /** How many of a source may be bad; at a rate of 0 none. A small source does not stop at its first. */
    static double most(long sourceSize, double rate) {
        return rate == 0 ? 0 : Math.max(rate * sourceSize, (double) Math.min(FEW, sourceSize / 2));
    }

    /** The lanes of a step drew so many bad samples. */
    public void add(long step, long count) {
        if (step / steps != epoch) {
            epoch = step / steps;
            bad = 0;
        }
        bad += count;
    }

    /** @throws UserException where they are too many */
    public void check() {
        if (bad > most) {
            throw new UserException(
                    bad + " bad samples were drawn to fill the " + draws + " places of the steps from " + epoch * steps
                            + " on, each named in the log of a node: go on with --resume and --set"
                            + " flm.data.bad-sample-rate=R, more than the " + rate
                            + " of now, which changes no weight; or mend"
                            + " them and go on with --resume --accept data, and the weights follow the mended data from there on");
        }
    }
}
