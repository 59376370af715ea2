package io.flm.simulation;

/** A rule that a test breaks on purpose, to see that a property needs it. */
enum BrokenRule {
    /** Contributions are taken whatever their generation, as long as they are of the same step. */
    NO_FENCE,
    /** A worker that cannot read a shard takes another sample by itself. */
    NO_AGREEMENT_ON_SHARDS,
    /** A node whose own exchange has ended does not say that it is its own. */
    NO_SELF_BLAME
}
