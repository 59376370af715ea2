package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.TextBatch;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Texts that are read beside one picture after another: what the graph makes of them alone ({@link ForwardPass.TextPart}) is computed
 * beside the first picture, and kept. The kernels, their inputs and shapes are those of a pass of its own, so what is said beside a
 * picture is the same bit for bit. It belongs to the model's thread.
 */
public final class KeptTexts implements AutoCloseable {
    private final NDManager scope;
    private final TextBatch batch;
    private final TextInput input;
    private final Map<ForwardPass.TextPart, List<NDArray>> kept = new EnumMap<>(ForwardPass.TextPart.class);

    /** See {@link FlmModel#keep}; {@code scope} becomes its own. */
    KeptTexts(NDManager scope, TextBatch batch) {
        this.scope = scope;
        this.batch = batch;
        this.input = TextInput.of(scope, batch);
    }

    /** What is read, and asked. */
    public TextBatch batch() {
        return batch;
    }

    TextInput input() {
        return input;
    }

    /** A pass beside a picture. */
    ForwardPass pass(Kernels kernels) {
        return new ForwardPass() {
            @Override
            public List<NDArray> run(Stage stage, List<NDArray> borrowed, List<NDArray> inputs, Body body) {
                return body.run(kernels, inputs);
            }

            @Override
            public List<NDArray> textOnly(TextPart part, Supplier<List<NDArray>> body) {
                List<NDArray> known = kept.get(part);
                if (known == null) {
                    known = List.copyOf(body.get());
                    known.forEach(array -> array.attach(scope));
                    kept.put(part, known);
                }
                return known;
            }
        };
    }

    @Override
    public void close() {
        scope.close();
    }
}
