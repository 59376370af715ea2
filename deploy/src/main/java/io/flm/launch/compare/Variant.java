package io.flm.launch.compare;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.TunedRate;
import io.flm.worker.train.TrainSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/**
 * An objective that is compared, {@code mlm} or {@code mlm@0.4}.
 *
 * @param objective as the configuration names it
 * @param rateKey of its corruption rate, such as {@code flm.train.mask-rate}; empty: it has none
 * @param tried corruption rates that are tried when it is tuned; one: the rate that was given; none: it has no rate
 */
record Variant(String name, String objective, String rateKey, List<Double> tried) {
    Variant {
        tried = List.copyOf(tried);
    }

    /**
     * Reads one.
     *
     * @param known the objectives that there are
     */
    static Variant parse(String text, List<Objective> known) {
        String word = text.strip();
        int at = word.indexOf('@');
        String key = (at < 0 ? word : word.substring(0, at)).toLowerCase(Locale.ROOT);
        Objective objective = known.stream()
                .filter(one -> one.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new UserException("--objectives " + text + ": no such objective; give some of "
                        + known.stream().map(Objective::key).collect(Collectors.joining(", "))
                        + ", with a corruption rate where it is not to be tuned: mlm@0.4"));
        Optional<TunedRate> rate = objective.tunedRate();
        String rateKey = rate.map(tuned -> "flm.train." + tuned.key()).orElse("");
        if (at < 0) {
            return new Variant(key, key, rateKey, rate.map(TunedRate::tried).orElse(List.of()));
        }
        if (rate.isEmpty()) {
            throw new UserException("--objectives " + text + ": " + key + " has no corruption rate; leave the @ out");
        }
        OptionalDouble given = number(word.substring(at + 1));
        if (given.isEmpty() || !(given.getAsDouble() >= 0 && given.getAsDouble() <= 1)) {
            throw new UserException(
                    "--objectives " + text + ": give a corruption rate from 0 to 1 after the @, such as mlm@0.4");
        }
        return new Variant(key + "@" + shortest(given.getAsDouble()), key, rateKey, List.of(given.getAsDouble()));
    }

    /**
     * Whether there can be a run of it.
     *
     * @param config that it is trained with
     * @throws UserException where a rate is none that the objective takes
     */
    void check(Config config) {
        for (double rate : tried) {
            try {
                Configuration.builder().option(rateKey, rate, "after the @", Path.of(""));
                TrainSettings.from(config.withValue("flm.train.objective", ConfigValueFactory.fromAnyRef(objective))
                        .withValue(rateKey, ConfigValueFactory.fromAnyRef(rate)));
            } catch (UserException e) {
                throw new UserException("--objectives " + name + ": " + e.getMessage(), e);
            }
        }
    }

    private static OptionalDouble number(String text) {
        try {
            return OptionalDouble.of(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            return OptionalDouble.empty();
        }
    }

    static String shortest(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e6
                ? String.format(Locale.ROOT, "%.0f", value)
                : Double.toString(value);
    }
}
