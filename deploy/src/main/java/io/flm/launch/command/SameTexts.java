package io.flm.launch.command;

import io.flm.data.Examples;
import io.flm.data.SampleException;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds data whose texts are all the same: matching draws pictures of other words, and there are none. */
final class SameTexts {
    private static final int LOOKED_AT = 64; // spread over all

    private SameTexts() {}

    /** What to tell of it; empty where two texts differ, or there are too few to say. */
    static Optional<String> told(Examples examples) {
        long looked = Math.min(LOOKED_AT, examples.size());
        Set<List<String>> texts = new HashSet<>();
        for (long i = 0; i < looked; i++) {
            try {
                texts.add(examples.texts(i * examples.size() / looked));
            } catch (SampleException | IOException e) { // told when it is read to train on
                return Optional.empty();
            }
        }
        return texts.size() == 1 && looked > 1
                ? Optional.of("flm.train.matching is on, but the texts of " + looked
                        + " samples that were looked at are all the same: no picture is a false one, and nothing is"
                        + " learnt by matching; set it to off, or give data with other texts")
                : Optional.empty();
    }
}
