package io.flm.coordinator;

/** The run ended as it should, or as it was told to. */
final class Finished extends Free {
    Finished(Run run, String reason) {
        super(run, reason);
    }
}
