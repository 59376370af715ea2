package io.flm.worker.parity;

/** The largest error of a group of tensors, and which of them has it. */
final class Comparison {
    private double error;
    private String worst = "";
    private int count;

    /** Adds a tensor's error. Not a number is the worst, and stays. */
    void add(String tensor, double value) {
        count++;
        if (!Double.isNaN(error) && !(value <= error)) {
            error = value;
            worst = tensor;
        }
    }

    /** Whether a tensor has another number of values than the golden one: nothing is worse. */
    boolean differInSize(String tensor, float[] ours, float[] golden) {
        boolean differ = ours.length != golden.length;
        if (differ) {
            add(tensor + " (has " + ours.length + " values, the golden one " + golden.length + ")", Double.NaN);
        }
        return differ;
    }

    Parity.Check check(String group, double tolerance) {
        return new Parity.Check(group, error, tolerance, worst, count);
    }

    // ---- errors of numbers

    static double relative(double ours, double golden) {
        return Math.abs(ours - golden) / Math.abs(golden);
    }

    /** The largest difference of two arrays. */
    static double difference(float[] a, float[] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs((double) a[i] - b[i]));
        }
        return largest;
    }

    /** The largest magnitude. */
    static double largest(float[] values) {
        double largest = 1e-12;
        for (float v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }
}
