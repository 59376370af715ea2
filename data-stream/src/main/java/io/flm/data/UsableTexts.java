package io.flm.data;

import io.flm.data.CaptionFiles.Unusable;
import java.util.List;

/** Which texts can be read: not empty, whole letters, none of the zeros that a damaged file has. */
public final class UsableTexts {
    private UsableTexts() {}

    /**
     * Those that can be.
     *
     * @param name of the example, for the message
     * @throws SampleException where none is left, or one is damaged
     */
    public static List<String> of(String name, List<String> texts) throws SampleException {
        try {
            return CaptionFiles.usable(texts);
        } catch (Unusable e) {
            throw new SampleException(name, e.cause());
        }
    }

    /**
     * Those of a picture's captions that can be, which a shard bounds together.
     *
     * @param name of the sample, for the message
     * @throws SampleException where none is left, one is damaged, or all together are too long
     */
    public static List<String> captions(String name, List<String> texts) throws SampleException {
        try {
            return CaptionFiles.usableCaptions(texts);
        } catch (Unusable e) {
            throw new SampleException(name, e.cause());
        }
    }
}
