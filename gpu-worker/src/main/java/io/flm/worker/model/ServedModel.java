package io.flm.worker.model;

import io.flm.data.PositionRule;
import io.flm.worker.torch.ScriptArchive;
import io.flm.worker.torch.ScriptPickle;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.Stream;

/**
 * A trained model as archives of TorchScript, for servers that have libtorch and no Java or Python. Their arithmetic is that of {@code
 * kernels.py}, in float32: of the same pictures and texts they say what the model here says.
 */
public final class ServedModel {
    private static final String MODULE = "flm.serving";
    private static final String CLASS = "Served";

    /** An archive: one question to the model. B batch, S pixels, P image tokens, W image width, L text length, V vocabulary. */
    public enum Part {
        /** Pictures uint8 [B, 3, S, S] -> features [B, P, W]. */
        IMAGE_ENCODER("pictures: Tensor", "encode(pictures)"),
        /** Features [B or 1, P, W] and ids [B, L] -> the logarithm of each text's probability [B]. */
        TEXT_SCORER("features: Tensor, ids: Tensor", "score(features, ids)"),
        /** Features [B or 1, P, W] and what is written so far [B, L] -> logits of the next token [B, V]. */
        CAPTION_STEP("features: Tensor, ids: Tensor", "next_token(features, ids)");

        private final String parameters;
        private final String call;

        Part(String parameters, String call) {
            this.parameters = parameters;
            this.call = call;
        }

        private String forward() {
            return "  def forward(self, " + parameters + ") -> Tensor:\n    return self." + call + "\n";
        }
    }

    /** Where weights come from. */
    @FunctionalInterface
    public interface Weights {
        /** Fills {@code into} with the values of a tensor of an official name, from its first one. */
        void read(String name, FloatBuffer into) throws IOException;
    }

    private final ModelSettings settings;
    private final Architecture architecture;

    /** A model of these sizes. */
    public ServedModel(ModelSettings settings, ModelParts parts) {
        this.settings = settings;
        this.architecture = Architecture.of(settings, parts);
    }

    /**
     * Writes an archive.
     *
     * @param part {@link Part#TEXT_SCORER} and {@link Part#CAPTION_STEP} only of models with an l2r stream and a head of tokens
     */
    public void write(Part part, Weights weights, OutputStream out) throws IOException {
        List<KernelArgument> arguments = (part == Part.IMAGE_ENCODER ? image() : text())
                .flatMap(layer -> layer.arguments().stream())
                .toList();
        ScriptArchive.write(
                out,
                MODULE,
                CLASS,
                KernelSource.with("serving.py", part.forward()),
                new Values(arguments, weights),
                this::attributes);
    }

    private Stream<LayerParameters> image() {
        return architecture.imageEncoder().layerParameters().stream();
    }

    private Stream<LayerParameters> text() {
        return Stream.of(
                        architecture.textEncoder().layerParameters(),
                        architecture.fusion().layerParameters(),
                        List.of(architecture.heads().tokens().layer()))
                .flatMap(List::stream);
    }

    private void attributes(ScriptPickle to) {
        PositionRule positions = settings.positions();
        to.number("image_layers", settings.imageLayers())
                .number("image_heads", settings.imageAttentionHeads())
                .number("patch", settings.patchSize())
                .number("quick", settings.imageActivation() == Activation.QUICK_GELU ? 1 : 0)
                .number("bottom_layers", settings.bottomLayers())
                .number("top_layers", settings.topLayers())
                .number("heads", settings.attentionHeads())
                .number("pad", positions.padId())
                .number("uncounted", positions.uncountedId())
                .number("first", positions.first())
                .number("epsilon", settings.textNormEpsilon());
    }

    /** What kernels take: some official tensors are one of theirs. */
    private record Values(List<KernelArgument> arguments, Weights weights) implements ScriptArchive.Tensors {
        @Override
        public List<long[]> shapes() {
            return arguments.stream().map(KernelArgument::packedShape).toList();
        }

        @Override
        public byte[] values(int index) throws IOException {
            KernelArgument argument = arguments.get(index);
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.toIntExact(4 * argument.size())).order(ByteOrder.LITTLE_ENDIAN);
            FloatBuffer floats = bytes.asFloatBuffer();
            int each = floats.capacity() / argument.names().size();
            for (int i = 0; i < argument.names().size(); i++) {
                weights.read(argument.names().get(i), floats.slice(i * each, each));
            }
            return bytes.array();
        }
    }
}
