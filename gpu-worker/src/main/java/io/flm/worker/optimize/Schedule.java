package io.flm.worker.optimize;

/**
 * The learning rate of each step: linear warm-up from 0, then constant, or down to 0 at the last step on a line or half a
 * cosine. The official schedule is the linear one; its first step has rate 0 and so moves the moments only.
 *
 * @param base the rate after warm-up
 * @param warmupSteps length of the warm-up
 * @param steps length of the run
 */
public record Schedule(Shape shape, double base, long warmupSteps, long steps) {
    /** How the rate falls after the warm-up. */
    public enum Shape {
        CONSTANT,
        LINEAR,
        COSINE
    }

    /** The rate of a step, counted from 0. */
    public double rate(long step) {
        if (step < warmupSteps) {
            return base * step / Math.max(1, warmupSteps);
        }
        double left = Math.max(0, (double) (steps - step) / Math.max(1, steps - warmupSteps));
        return switch (shape) {
            case CONSTANT -> base;
            case LINEAR -> base * left;
            case COSINE -> base * 0.5 * (1 - Math.cos(Math.PI * left));
        };
    }
}
