package io.flm.worker.task;

import ai.djl.Device;
import com.typesafe.config.ConfigFactory;
import io.flm.data.PictureSettings;
import io.flm.data.PictureSource;
import io.flm.data.Pictures;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.Objective;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.torch.Torch;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A small model with weights so large that it has preferences, over the shipped pictures of one style. */
public final class SmallTaskModel implements AutoCloseable {
    public static final Objective FLM = new FreeLanguageModeling(0.3, 1, 1);

    private static final Path EMOJI =
            Path.of("../data-stream/emoji").toAbsolutePath().normalize();
    private static final ModelSettings SIZES = new ModelSettings(2048, 16, 2, 2, 1, 1, 1, 1, 52, 16, 8, 16, 2, 1, 0);

    public final PictureSource pictures = PictureSource.open(List.of(EMOJI.resolve("emoji-fluent.tar.gz")));
    private final Tokenizer tokenizer = Tokenizer.load(EMOJI.resolve("tokenizer-emoji-2k.json"));
    private final List<FlmModel> models = new ArrayList<>();

    /** The key of a picture that there is. */
    public String key(long index) {
        return pictures.key(index);
    }

    /** Of a task that was "fine-tuned" by a seed. */
    public TaskModel of(Task task, int batch, long seed) {
        return of(task.objective(FLM), batch, seed);
    }

    /** Of an objective that was "trained" by a seed. */
    public TaskModel of(Objective objective, int batch, long seed) {
        Torch.prepareThread(1);
        FlmModel model = new FlmModel(SIZES, objective.parts(), new Compute(Device.cpu(), Precision.FP32, false));
        models.add(model);
        Random random = new Random(seed);
        for (Parameter p : model.parameters().layout()) {
            float[] values = new float[(int) p.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = p.shape().length == 1
                        ? (p.name().endsWith("weight") ? 1 : 0)
                        : (float) (0.8 * random.nextGaussian());
            }
            model.parameters().write(ParameterStore.Buffer.VALUES, p.offset(), FloatBuffer.wrap(values));
        }
        return new TaskModel(
                model,
                objective,
                new TextLayout(tokenizer.vocabulary(), true),
                tokenizer,
                Pictures.with(PictureSettings.from(ConfigFactory.defaultReference())),
                pictures,
                40,
                batch,
                0,
                1);
    }

    @Override
    public void close() {
        models.forEach(FlmModel::close);
        pictures.close();
        tokenizer.close();
    }
}
