package io.flm.worker.weights;

import io.flm.data.UserException;
import io.flm.worker.model.Activation;
import io.flm.worker.model.ModelSettings;
import java.util.function.Consumer;

/** The activation of CLIP's image encoder. No tensor tells it: with the wrong one all loads, and every feature is another. */
final class ClipActivation {
    private ClipActivation() {}

    /** @throws UserException where the model has another one */
    static void require(Activation its, ModelSettings model) {
        if (its != model.imageActivation()) {
            throw new UserException("it was trained with " + its.word() + ", but " + Activation.KEY + " = "
                    + model.imageActivation().word() + "; set that to " + its.word());
        }
    }

    static void unknown(ModelSettings model, Consumer<String> note) {
        note.accept(
                "nothing beside it says whether it was trained with quick-gelu, as OpenAI's, or gelu, as LAION's: taken as "
                        + model.imageActivation().word() + " (" + Activation.KEY + ")");
    }
}
