package io.flm.data;

import java.util.concurrent.Semaphore;

/**
 * What all threads of a process may take for decoding together. A thread whose picture does not fit beside those of the others
 * waits for them: small pictures are decoded side by side, large ones one after the other.
 */
final class DecodeMemory {
    private static final long UNIT = 1024;

    private final int units;
    private final Semaphore free;

    DecodeMemory(long bytes) {
        this.units = (int) Math.min(Integer.MAX_VALUE, bytes / UNIT);
        this.free = new Semaphore(units, true); // in turn: a large picture gets its time, too
    }

    /** Waits until {@code bytes} are free; who wants more than there is gets all. */
    void take(long bytes) {
        free.acquireUninterruptibly(unitsOf(bytes));
    }

    /** Gives back what was taken. */
    void release(long bytes) {
        free.release(unitsOf(bytes));
    }

    private int unitsOf(long bytes) {
        return (int) Math.min(units, bytes / UNIT + 1);
    }
}
