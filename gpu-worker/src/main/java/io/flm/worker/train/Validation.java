package io.flm.worker.train;

import io.flm.worker.ShownSamples;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Loss;
import org.jspecify.annotations.Nullable;

/**
 * Asks the model about held-out samples now and then. Each lane has its share of them, which whoever runs the lane looks at,
 * so that all workers take part and none waits for another one. Of all trainers of a node.
 */
public interface Validation {
    /** Never. */
    Validation NONE = new Validation() {
        @Override
        public boolean isDue(long steps) {
            return false;
        }

        @Override
        public Loss of(FlmModel model, int lane) {
            throw new IllegalStateException("validation is off");
        }
    };

    /** Whether the weights after so many steps are looked at. */
    boolean isDue(long steps);

    /** What the model says of a lane's share. The weights, gradients and random numbers of training are not touched. */
    Loss of(FlmModel model, int lane);

    /** What the model says of the samples that people look at; likewise. Rank 0 alone asks. Null: none are shown. */
    default @Nullable ShownSamples shown(FlmModel model, long steps) {
        return null;
    }
}
