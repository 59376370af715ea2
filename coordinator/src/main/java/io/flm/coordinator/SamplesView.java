package io.flm.coordinator;

import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.View;
import io.flm.worker.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to {@link Coordinator.GetSamples}: the body of {@code GET /api/v1/samples}.
 *
 * @param run its name
 * @param steps after which the weights were asked, as far as that is kept; ascending
 * @param step of the predictions that are told; null: the weights were not asked yet
 * @param samples those that are known
 */
public record SamplesView(
        String run, List<Long> steps, @Nullable Long step, List<Shown> samples) implements WireMessage {
    /**
     * A held-out sample.
     *
     * @param number of it, from 0
     * @param key {@code shard:key}
     * @param name its first caption
     * @param tokens of it, as people read them [n]
     * @param how it is read, in a few words; empty where there is nothing to say
     * @param views what the parts of the model see of it
     * @param prediction what the weights say of it; null: not known
     */
    public record Shown(
            int number,
            String key,
            String name,
            List<String> tokens,
            String how,
            List<View> views,
            @Nullable Prediction prediction)
            implements WireMessage {
        public Shown {
            tokens = List.copyOf(tokens);
            views = List.copyOf(views);
        }
    }

    public SamplesView {
        steps = List.copyOf(steps);
        samples = List.copyOf(samples);
    }
}
