package io.flm.coordinator;

import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a coordinator needs of the world, given to it, so that a simulation can give it another one.
 *
 * @param clock of the day, for the operator's deadline and for stamps
 * @param nanoTime never goes back, for waits
 * @param keys makes the key of a generation whose frames are encrypted
 * @param past steps of a run that this coordinator takes up; null: none are kept
 */
public record CoordinatorEnvironment(
        InstantSource clock,
        LongSupplier nanoTime,
        Supplier<String> keys,
        @Nullable PastSteps past) {
    /** Of a coordinator that knows only the steps that it hears of. */
    public CoordinatorEnvironment(InstantSource clock, LongSupplier nanoTime, Supplier<String> keys) {
        this(clock, nanoTime, keys, null);
    }

    long nowMs() {
        return nanoTime.getAsLong() / 1_000_000;
    }
}
