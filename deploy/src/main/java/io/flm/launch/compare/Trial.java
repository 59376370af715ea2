package io.flm.launch.compare;

import com.typesafe.config.Config;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A point of the grid on which each objective is tuned.
 *
 * @param rateFactor the learning rate over that of the configuration
 * @param corruptionRate null: the objective has none
 */
record Trial(double rateFactor, @Nullable Double corruptionRate) {
    /** The learning rates that are tried: from half to double that of the configuration. */
    private static final double WIDTH = 2;

    /** What is trained with where nothing is tuned: the rate that was given, else that of the configuration. */
    static Trial untuned(Variant variant, Config config) {
        if (variant.tried().size() == 1) {
            return new Trial(1, variant.tried().get(0));
        }
        return new Trial(1, variant.rateKey().isEmpty() ? null : config.getDouble(variant.rateKey()));
    }

    /**
     * The grid: as many points for each objective. Where it has several corruption rates to try, each gets its share of them; the
     * learning rates of a corruption rate are spread evenly, in log, from half to double that of the configuration.
     */
    static List<Trial> grid(Variant variant, int count) {
        List<Trial> grid = new ArrayList<>();
        int rates = Math.max(1, variant.tried().size());
        for (int rate = 0; rate < rates; rate++) {
            int learningRates = count / rates + (rate < count % rates ? 1 : 0);
            Double corruption =
                    variant.tried().isEmpty() ? null : variant.tried().get(rate);
            for (int i = 0; i < learningRates; i++) {
                double exponent = learningRates == 1 ? 0 : -1 + 2.0 * i / (learningRates - 1);
                grid.add(new Trial(rounded(Math.pow(WIDTH, exponent)), corruption));
            }
        }
        return grid;
    }

    private static double rounded(double factor) {
        return Math.rint(factor * 1e4) / 1e4;
    }

    double learningRate(double configured) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.6g", configured * rateFactor));
    }

    Map<String, @Nullable Object> toMap(double configured) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("learningRate", learningRate(configured));
        map.put("corruptionRate", corruptionRate);
        return map;
    }
}
