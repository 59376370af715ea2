package io.flm.worker.checkpoint;

import com.typesafe.config.ConfigFactory;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/** Small states of training that tests write and read back. */
final class States {
    static final List<TensorRange> LAYOUT = List.of(
            new TensorRange("embeddings.weight", 0, new long[] {3, 2}),
            new TensorRange("lm_score.bias", 6, new long[] {4}),
            new TensorRange("scale", 10, new long[0]));

    static final int COUNT = 11;

    static final RunIdentity IDENTITY = identity("flm.train.lanes = 8, flm.train.steps = 100");

    private States() {}

    static RunIdentity identity(String settings) {
        return RunIdentity.of(ConfigFactory.parseString(settings), Map.of("data", "d1", "tokenizer", "t1"));
    }

    /** Values that tell the step and the buffer apart. */
    static TrainingState at(long step) {
        return new TrainingState(
                step, step * 256, LAYOUT, floats((double) step), floats(step + 0.25), floats(step + 0.5));
    }

    static FlatFloats floats(double first) {
        return FlatFloats.of(FloatBuffer.wrap(values(first)));
    }

    static float[] values(double first) {
        float[] values = new float[COUNT];
        for (int index = 0; index < COUNT; index++) {
            values[index] = (float) (first + index * 1000);
        }
        return values;
    }

    /** A sink that fills an array. */
    static FlatFloats.Sink into(float[] values) {
        return (offset, read) -> read.get(values, (int) offset, read.remaining());
    }

    static float[] weights(Checkpoint checkpoint) {
        float[] values = new float[COUNT];
        checkpoint.restoreWeights(LAYOUT, into(values));
        return values;
    }
}
