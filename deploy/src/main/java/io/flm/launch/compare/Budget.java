package io.flm.launch.compare;

import io.flm.data.UserException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much pretraining each objective gets: so many of a unit. What a step of an objective takes of it is {@link StepCost}'s to say.
 *
 * @param amount above 0
 */
record Budget(double amount, Unit unit) {
    private static final Pattern FORM =
            Pattern.compile("(\\d+(?:\\.\\d+)?(?:[eE][+]?\\d+)?)\\s*(steps|s|cpu-s|flop)", Pattern.CASE_INSENSITIVE);

    /** What is equal for all objectives. */
    enum Unit {
        /** Updates, whatever they take. */
        STEPS("steps", "steps"),
        /** Wall time of the steps themselves: no evaluation, no checkpoint, no start. */
        SECONDS("s", "seconds of training"),
        /** Processor time of the process that trains, all threads together. */
        CPU_SECONDS("cpu-s", "CPU seconds of training"),
        /** Floating point operations, as {@link io.flm.worker.model.StepFlops} counts them. */
        FLOP("flop", "floating point operations");

        private final String word;
        private final String title;

        Unit(String word, String title) {
            this.word = word;
            this.title = title;
        }

        /** As in the option. */
        String word() {
            return word;
        }

        /** For people. */
        String title() {
            return title;
        }
    }

    /** Reads {@code 2000steps}, {@code 120s}, {@code 120cpu-s} or {@code 3e13flop}. */
    static Budget parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (matcher.matches()) {
            double amount = Double.parseDouble(matcher.group(1));
            for (Unit unit : Unit.values()) {
                if (unit.word().equals(matcher.group(2).toLowerCase(Locale.ROOT)) && amount > 0 && amount < 1e300) {
                    return new Budget(amount, unit);
                }
            }
        }
        throw new UserException(
                "--budget " + text + ": give an amount above 0 with its unit, such as 2000steps, 120s (of training),"
                        + " 120cpu-s or 3e13flop");
    }

    /** A share of it. */
    Budget times(double share) {
        return new Budget(amount * share, unit);
    }

    /** Whole steps that it pays for. */
    long steps(StepCost cost) {
        return (long) Math.floor(amount / cost.in(unit) + 1e-9);
    }

    /** For people, of four digits. */
    @Override
    public String toString() {
        String number = amount >= 1e7 || amount != Math.rint(amount)
                ? String.format(Locale.ROOT, "%.4g", amount)
                : String.format(Locale.ROOT, "%.0f", amount);
        return number + unit.word();
    }

    /** To know it by: no other budget has this text. */
    String exact() {
        return parse(toString()).equals(this) ? toString() : amount + unit.word();
    }
}
