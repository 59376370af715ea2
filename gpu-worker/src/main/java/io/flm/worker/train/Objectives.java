package io.flm.worker.train;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.ar.AutoregressiveModeling;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.objective.itm.ImageTextMatching;
import io.flm.worker.objective.mlm.MaskedLanguageModeling;
import io.flm.worker.objective.prefix.PrefixLanguageModeling;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The objectives that there are; image-text matching is none of its own, but added to one of them. */
public final class Objectives {
    private Objectives() {}

    /**
     * All of them, with their settings.
     *
     * @param train {@code flm.train}
     */
    public static List<Objective> all(Config train) {
        return List.of(
                FreeLanguageModeling.from(train),
                MaskedLanguageModeling.from(train),
                new AutoregressiveModeling(),
                new PrefixLanguageModeling());
    }

    /**
     * The one that {@code flm.train.objective} names, with matching if {@code flm.train.matching} is on. The settings of the others are
     * checked too.
     */
    public static Objective from(Config train) {
        String key = train.getString("objective");
        List<Objective> all = all(train);
        return all.stream()
                .filter(objective -> objective.key().equalsIgnoreCase(key))
                .findFirst()
                .map(objective -> ImageTextMatching.added(objective, train))
                .orElseThrow(() ->
                        new UserException("flm.train.objective = " + key + ": give one of " + keys(all.stream())));
    }

    /** Those whose models tell how likely a text is, and write captions: {@code flm, ar, prefix-lm}. For messages. */
    public static String withLeftToRightStream(Config train) {
        return keys(all(train).stream().filter(Objective::hasLeftToRightStream));
    }

    private static String keys(Stream<Objective> objectives) {
        return objectives.map(Objective::key).collect(Collectors.joining(", "));
    }
}
