package io.flm.worker.evaluate;

import io.flm.data.Sample;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Samples that the model was not trained on, in an order that is random but the same for every run.
 *
 * @param imageSize S, pixels a side
 */
public record HeldOut(int imageSize, List<Example> examples) {
    /**
     * One of them.
     *
     * @param key {@code shard:key}
     * @param name the sample's first caption
     * @param ids its tokens as the model reads them, begin token and all
     * @param pixels RGB values 0..255, [3, S, S]
     */
    public record Example(String key, String name, int[] ids, byte[] pixels) {
        /** As objectives take it. */
        Sample sample() {
            return Sample.captioned(key, pixels, ids);
        }
    }

    public HeldOut {
        examples = List.copyOf(examples);
    }

    /** Examples as objectives take them. */
    static List<Sample> samples(List<Example> of) {
        return of.stream().map(Example::sample).toList();
    }

    /** The pictures of some examples as the model takes them: a direct buffer [rows, 3, S, S]. */
    static ByteBuffer pixels(List<Example> of) {
        return Sample.pixels(samples(of));
    }
}
