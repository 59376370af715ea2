package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.PositionRule;
import io.flm.launch.config.Configuration;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.checkpoint.TrainingState;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.Precision;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/** A run's folder with one checkpoint, without any training. */
final class SavedRun {
    private SavedRun() {}

    /**
     * Writes configuration and checkpoint.
     *
     * @param contents SHA-256 of what the run was trained with, as its identity has them
     * @param values of each parameter
     * @return the checkpoint's folder
     */
    static Path write(
            Path run,
            Configuration configuration,
            Map<String, String> contents,
            long step,
            Function<Parameter, float[]> values)
            throws IOException {
        Files.createDirectories(run);
        Files.writeString(run.resolve("effective.conf"), configuration.render());
        Config config = configuration.config();
        try (FlmModel model = model(config)) {
            ParameterStore parameters = model.parameters();
            for (Parameter parameter : parameters.layout()) {
                parameters.write(Buffer.VALUES, parameter.offset(), FloatBuffer.wrap(values.apply(parameter)));
            }
            List<TensorRange> layout = parameters.layout().stream()
                    .map(p -> new TensorRange(p.name(), p.offset(), p.shape()))
                    .toList();
            TrainingState state = new TrainingState(
                    step,
                    step * 16,
                    layout,
                    floats(parameters, Buffer.VALUES),
                    floats(parameters, Buffer.FIRST_MOMENTS),
                    floats(parameters, Buffer.SECOND_MOMENTS));
            return new CheckpointStore(run.resolve("checkpoints"), CheckpointSettings.from(config))
                    .save(state, RunIdentity.of(config, contents));
        }
    }

    private static FlmModel model(Config config) {
        return model(config, ModelSettings.from(config).positions());
    }

    /**
     * A model with zero weights.
     *
     * @param positions how it counts tokens
     */
    static FlmModel model(Config config, PositionRule positions) {
        Torch.prepareThread(1);
        return new FlmModel(
                ModelSettings.from(config).counting(positions),
                TrainSettings.from(config).objective().parts(),
                new FlmModel.Compute(Torch.devices("cpu").get(0), Precision.FP32, false));
    }

    /** Values so large that the model prefers some tokens by far: no rounding exchanges them. */
    static float[] preferring(Parameter parameter) {
        Random random = new Random(parameter.name().hashCode());
        float[] values = new float[(int) parameter.size()];
        boolean gain = parameter.shape().length == 1 && parameter.name().endsWith("weight");
        for (int i = 0; i < values.length; i++) {
            double drawn = random.nextGaussian();
            values[i] = (float) (parameter.shape().length > 1 ? 0.4 * drawn : (gain ? 1 : 0) + 0.2 * drawn);
        }
        return values;
    }

    private static FlatFloats floats(ParameterStore parameters, Buffer which) {
        FloatBuffer all = FloatBuffer.allocate((int) parameters.size());
        parameters.read(which, 0, all);
        return FlatFloats.of(all.flip());
    }
}
