package io.flm.launch;

import io.flm.data.UserException;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.train.TrainSettings;
import java.util.Locale;

/**
 * The least memory that a run on CPUs takes, so that what cannot fit is refused before it begins instead of being killed on the
 * way. Activations are left out but for the widest layer's: what is counted is certainly needed, more may be.
 */
final class MemoryNeed {
    private static final int FLOAT = 4;

    /** Weights, two moments, the gradient at hand, and the sum that it is added to. */
    private static final int BUFFERS_OF_A_WORKER = 5;

    /** Of a checkpoint that is written in the background: weights and two moments. */
    private static final int BUFFERS_OF_A_CHECKPOINT = 3;

    private MemoryNeed() {}

    /** Bytes; a double, since what a typing error asks for may not fit a long. */
    static double leastBytes(ModelSettings model, TrainSettings train, int workers, int prefetch) {
        double parameters = model.parameterCount(train.objective());
        double buffers = FLOAT * parameters * (BUFFERS_OF_A_WORKER * (double) workers + BUFFERS_OF_A_CHECKPOINT);
        double pixels = 3.0 * model.imageSize() * model.imageSize() * train.microBatch();
        double batches = pixels * Math.min(workers, train.lanes()) * (prefetch + FLOAT); // uint8 ahead, float32 at hand
        double blocks = (double) FLOAT
                * workers
                * train.microBatch()
                * model.imageTokens()
                * model.imageWidth()
                * model.mlpRatio()
                * model.imageLayers();
        return buffers + batches + blocks;
    }

    /** @throws UserException where that is more than the machine has */
    static void require(ModelSettings model, TrainSettings train, int workers, int prefetch, long memoryBytes) {
        double needed = leastBytes(model, train, workers, prefetch);
        if (needed > memoryBytes) {
            throw new UserException(String.format(
                    Locale.ROOT,
                    "%d parameters, %d workers and flm.train.micro-batch = %d need %.1f GiB of memory at least, and this"
                            + " machine has %.1f; give fewer --workers, a smaller micro-batch or a smaller model",
                    model.parameterCount(train.objective()),
                    workers,
                    train.microBatch(),
                    needed / (1L << 30),
                    memoryBytes / (double) (1L << 30)));
        }
    }
}
