package io.flm.exchange;

import java.util.BitSet;

/** One step of a {@link ProcessGroup}, from its first rank's begin on. */
abstract class Round {
    final long step;

    /** The ranks of this process that have begun it. */
    final BitSet begun = new BitSet();

    Round(long step) {
        this.step = step;
    }
}
