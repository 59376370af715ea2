package io.flm.worker.model;

import io.flm.worker.torch.Script.Params;
import java.util.List;

/** The parameters of the layers that text, fusion and reconstructor share the make of, as the kernels take them. */
final class Layers {
    private Layers() {}

    /** @param n the prefix up to and with {@code attention.} */
    static Params selfAttention(ParameterStore store, String n) {
        return store.arguments(List.of(
                n + "self.qkv.weight",
                n + "self.qkv.bias",
                n + "output.dense.weight",
                n + "output.dense.bias",
                n + "output.LayerNorm.weight",
                n + "output.LayerNorm.bias"));
    }

    /** @param n the prefix up to and with {@code crossattention.} */
    static Params crossAttention(ParameterStore store, String n) {
        return store.arguments(List.of(
                n + "self.query.weight",
                n + "self.query.bias",
                n + "self.kv.weight",
                n + "self.kv.bias",
                n + "output.dense.weight",
                n + "output.dense.bias",
                n + "output.LayerNorm.weight",
                n + "output.LayerNorm.bias"));
    }

    /** @param n the prefix of the layer */
    static Params feedForward(ParameterStore store, String n) {
        return store.arguments(List.of(
                n + "intermediate.dense.weight",
                n + "intermediate.dense.bias",
                n + "output.dense.weight",
                n + "output.dense.bias",
                n + "output.LayerNorm.weight",
                n + "output.LayerNorm.bias"));
    }

    /** @param n the prefix of the head */
    static Params head(ParameterStore store, String n) {
        return store.arguments(List.of(
                n + "transform.dense.weight",
                n + "transform.dense.bias",
                n + "transform.LayerNorm.weight",
                n + "transform.LayerNorm.bias",
                n + "decoder.weight",
                n + "bias"));
    }

    static Params linear(ParameterStore store, String n) {
        return store.arguments(List.of(n + "weight", n + "bias"));
    }

    static Params embedding(ParameterStore store) {
        String n = ParameterNames.EMBEDDINGS;
        return store.arguments(List.of(
                n + "word_embeddings.weight",
                n + "position_embeddings.weight",
                n + "token_type_embeddings.weight",
                n + "LayerNorm.weight",
                n + "LayerNorm.bias"));
    }
}
