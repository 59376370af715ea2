package io.flm.launch.run;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Split;
import io.flm.data.UserException;
import io.flm.data.source.Sources;
import io.flm.launch.config.Configuration;
import io.flm.worker.evaluate.HeldOutData;
import java.util.Locale;
import java.util.Optional;

/**
 * How much of its own data a run holds out, known before anything of the model is made.
 *
 * @param heldOut samples that are never trained on
 * @param trained all others
 */
public record HeldOutShare(DataSettings data, long heldOut, long trained) {
    /** Whether it says anything: some share is held out, and no other data are given to evaluate on. */
    public static boolean matters(DataSettings data) {
        return data.holdOut() > 0 && data.evalPaths().isEmpty();
    }

    /** Reads the shards' tables until it is known whether enough is held out; all of them for exact numbers. */
    public static HeldOutShare count(DataSettings data, boolean exact) {
        Dataset.Counts counts =
                Sources.count(data, Split.heldOut(data.holdOut()), exact ? Long.MAX_VALUE : HeldOutData.LEAST);
        return new HeldOutShare(data, counts.taken(), counts.left());
    }

    /**
     * Checks that there is something to train on, and to evaluate on.
     *
     * @param asked whether somebody asked for this share
     * @return what is to be told: that the run is not evaluated
     * @throws UserException where nothing is left, or less is held out than an evaluation needs, and somebody asked for one
     */
    public Optional<String> check(boolean asked) {
        if (trained == 0) {
            throw new UserException(share() + ", so nothing is left to train on: lower it with --hold-out");
        }
        if (!matters(data) || heldOut >= HeldOutData.LEAST) {
            return Optional.empty();
        }
        if (asked) {
            throw new UserException(share() + ", and an evaluation needs " + HeldOutData.LEAST
                    + ": raise it with --hold-out, give --eval-data, or train on all without an evaluation with"
                    + " --hold-out 0");
        }
        return Optional.of(share() + ", and an evaluation needs " + HeldOutData.LEAST
                + ": the run is not evaluated when it ends; for that give --hold-out 20% or --eval-data");
    }

    /** The same where samples are asked for while the run trains: these cannot be left out. */
    public Optional<String> check(Configuration configuration) {
        Config config = configuration.config();
        return check(configuration.asksForHoldOut() || config.getLong("flm.evaluate.every") > 0);
    }

    private String share() {
        return String.format(
                Locale.ROOT,
                "flm.data.hold-out = %s holds out %,d of %,d samples",
                data.holdOut(),
                heldOut,
                heldOut + trained);
    }

    /** For people who look at data or plan a run. */
    public String sentence() {
        String sentence = String.format(
                Locale.ROOT,
                "%,d of %,d samples, never trained on (flm.data.hold-out = %s)",
                heldOut,
                heldOut + trained,
                data.holdOut());
        return matters(data) && heldOut < HeldOutData.LEAST
                ? sentence + "; too few for an evaluation: give --hold-out 20% or --eval-data"
                : sentence;
    }
}
