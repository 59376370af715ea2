package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.worker.torch.Script.Params;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of one layer. The layer declares them once, in the order in which its kernel unpacks them; the {@link
 * ParameterStore} gives them their memory.
 *
 * <p>Rates ({@link LearningRates}) and decay follow the official rules, by name: no decay for biases and for {@code LayerNorm}
 * weights, while the norms of the image encoder and of classifiers are decayed.
 */
final class LayerParameters {
    private final Stage stage;
    private final String prefix;
    private final Init normal;
    private final LearningRates rates;
    private final List<KernelArgument> arguments = new ArrayList<>();
    private @Nullable Params params;

    /** @param normal how the weights of linear layers begin */
    LayerParameters(Stage stage, String prefix, Init normal, LearningRates rates) {
        this.stage = stage;
        this.prefix = prefix;
        this.normal = normal;
        this.rates = rates;
    }

    /** Declares a tensor that begins as the layer's weights do. */
    LayerParameters tensor(String name, long... shape) {
        return tensor(name, normal, shape);
    }

    LayerParameters tensor(String name, Init init, long... shape) {
        return packed(name, List.of(name), init, shape);
    }

    /** Declares a weight [out, in] and a bias [out]. */
    LayerParameters linear(String name, long out, long in) {
        return linear(name, out, in, normal);
    }

    LayerParameters linear(String name, long out, long in, Init init) {
        return tensor(name + "weight", init, out, in).tensor(name + "bias", Init.ZERO, out);
    }

    /** Declares linear layers of the same input as one: their outputs are computed by one product. */
    LayerParameters packedLinear(String name, List<String> parts, long out, long in) {
        packed(name + "weight", parts.stream().map(p -> p + "weight").toList(), normal, out, in);
        return packed(name + "bias", parts.stream().map(p -> p + "bias").toList(), Init.ZERO, out);
    }

    /** Declares a layer norm's gain and bias. */
    LayerParameters norm(String name, long width) {
        return tensor(name + "weight", Init.ONE, width).tensor(name + "bias", Init.ZERO, width);
    }

    private LayerParameters packed(String key, List<String> parts, Init init, long... shape) {
        List<String> names = parts.stream().map(part -> prefix + part).toList();
        String name = names.get(0);
        boolean decay = !name.contains("bias") && !name.contains("LayerNorm.weight");
        arguments.add(new KernelArgument(
                prefix + key, names, shape, init, stage, LearningRates.group(name), rates.depth(name), decay));
        return this;
    }

    List<KernelArgument> arguments() {
        return arguments;
    }

    void bind(Params memory) {
        params = memory;
    }

    /** As the kernel takes them. */
    Params get() {
        Params bound = params;
        if (bound == null) {
            throw new IllegalStateException(prefix + " has no memory yet");
        }
        return bound;
    }

    /** The tensors, in the order of declaration. */
    List<NDArray> arrays() {
        return get().arrays();
    }
}
