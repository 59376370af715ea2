package io.flm.launch.compare;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a positive number: that it is at least {@code low} and at most {@code high}. A number that was measured has both
 * equal; one of which only a bound is known has 0 or infinity on the other side.
 */
record Range(double low, double high) {
    static Range exactly(double value) {
        return new Range(value, value);
    }

    static Range atLeast(double low) {
        return new Range(low, Double.POSITIVE_INFINITY);
    }

    static Range atMost(double high) {
        return new Range(0, high);
    }

    /** Whether it is one number. */
    boolean exact() {
        return low == high;
    }

    /** Whether nothing is known. */
    boolean unknown() {
        return low == 0 && Double.isInfinite(high);
    }

    /** This over another one. */
    Range over(Range divisor) {
        return new Range(
                low == 0 || Double.isInfinite(divisor.high) ? 0 : low / divisor.high,
                Double.isInfinite(high) || divisor.low == 0 ? Double.POSITIVE_INFINITY : high / divisor.low);
    }

    Range times(double factor) {
        return new Range(low * factor, high * factor);
    }

    /** {@code 1.8}, {@code ≥ 2.4}, {@code ≤ 0.6}, {@code 1.2 to 3.0} or {@code unknown}. */
    @Override
    public String toString() {
        if (unknown()) {
            return "unknown";
        }
        if (exact()) {
            return number(low);
        }
        return low == 0
                ? "≤ " + number(high)
                : Double.isInfinite(high) ? "≥ " + number(low) : number(low) + " to " + number(high);
    }

    static String number(double value) {
        return value >= 100
                ? String.format(Locale.ROOT, "%.0f", value)
                : value >= 10 ? String.format(Locale.ROOT, "%.1f", value) : String.format(Locale.ROOT, "%.2f", value);
    }

    /** As JSON: null for a side without a bound. */
    Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("low", low == 0 ? null : low);
        map.put("high", Double.isInfinite(high) ? null : high);
        return map;
    }
}
