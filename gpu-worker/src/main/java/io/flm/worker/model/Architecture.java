package io.flm.worker.model;

import org.jspecify.annotations.Nullable;

/**
 * The layers of a model, and the parameters that they declared on the way.
 *
 * @param reconstructor null if the model has none
 */
record Architecture(
        Parameters parameters,
        ImageEncoder imageEncoder,
        TextEncoder textEncoder,
        Fusion fusion,
        @Nullable Reconstructor reconstructor,
        Heads heads) {

    static Architecture of(ModelSettings settings, ModelParts parts) {
        Parameters all = new Parameters(settings);
        return new Architecture(
                all,
                new ImageEncoder(settings, all),
                new TextEncoder(settings, all),
                new Fusion(settings, all, parts),
                parts.reconstructor() ? new Reconstructor(settings, all) : null,
                new Heads(settings, all, parts));
    }
}
