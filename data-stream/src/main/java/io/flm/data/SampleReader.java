package io.flm.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads samples one by one as a model is asked about them: decoded, not augmented, with all their texts. Where training draws, this
 * does not. Any thread may read.
 *
 * @param source of the examples' pictures
 * @param imageSize S, pixels a side
 * @param maxTokens the longest row
 * @param beginToken whether {@code </s>} follows {@code <s>}
 */
public record SampleReader(
        Examples examples,
        PictureSource source,
        Tokenizer tokenizer,
        Pictures pictures,
        int imageSize,
        int maxTokens,
        boolean beginToken) {

    /**
     * An example with all its texts.
     *
     * @throws SampleException where a text or the size of a picture is bad
     * @throws IOException where a picture cannot be decoded, or something cannot be read
     */
    public Sample read(long index) throws SampleException, IOException {
        return read(index, examples.texts(index));
    }

    /** An example with other texts; none: its pictures alone. Errors are those of {@link #read(long)}. */
    public Sample read(long index, List<String> texts) throws SampleException, IOException {
        List<byte[]> decoded = new ArrayList<>();
        for (long picture : examples.pictures(index)) {
            decoded.add(picture(picture));
        }
        List<int[]> rows = texts.stream().map(this::row).toList();
        return new Sample(examples.name(index), decoded, rows, examples.labels(index));
    }

    /** A picture of the source, [3, S, S]. */
    public byte[] picture(long index) throws SampleException, IOException {
        return pictures.decode(pictures.read(source, index), imageSize);
    }

    /** A text as the streams read it. */
    public int[] row(String text) {
        return tokenizer.encode(text, examples.textForm(), maxTokens, beginToken);
    }
}
