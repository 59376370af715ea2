package io.flm.worker.objective;

import java.util.List;

/**
 * The corruption rate of an objective, as a comparison of objectives tunes it.
 *
 * @param key below {@code flm.train}
 * @param tried the rates that are tried
 */
public record TunedRate(String key, List<Double> tried) {
    public TunedRate {
        tried = List.copyOf(tried);
    }
}
