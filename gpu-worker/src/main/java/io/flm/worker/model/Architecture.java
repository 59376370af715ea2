package io.flm.worker.model;

import io.flm.data.Objective;
import org.jspecify.annotations.Nullable;

/**
 * The layers of a model, and the parameters that they declared on the way.
 *
 * @param reconstructor null where the objective has none
 */
record Architecture(
        Parameters parameters,
        ImageEncoder imageEncoder,
        TextEncoder textEncoder,
        Fusion fusion,
        @Nullable Reconstructor reconstructor,
        TokenHead head) {

    static Architecture of(ModelSettings settings, Objective objective) {
        Parameters all = new Parameters(settings);
        boolean flm = objective == Objective.FLM;
        return new Architecture(
                all,
                new ImageEncoder(settings, all),
                new TextEncoder(settings, all),
                new Fusion(settings, all, flm),
                flm ? new Reconstructor(settings, all) : null,
                new TokenHead(settings, all, objective == Objective.MLM ? "mlm_score." : "lm_score."));
    }
}
