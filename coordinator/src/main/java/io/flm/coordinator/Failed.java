package io.flm.coordinator;

/** The run cannot go on; the reason says what, where and what to do. */
final class Failed extends Free {
    Failed(Run run, String reason) {
        super(run, reason);
    }
}
