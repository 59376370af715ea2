package io.flm.data;

import java.util.List;

/**
 * A picture and what people said of it, as they lie in the shard.
 *
 * @param shard the file's name
 * @param key the sample's name in the shard, up to the first dot
 * @param image the encoded picture: PNG, JPEG or WebP
 * @param captions at least one, none blank
 */
public record Sample(String shard, String key, byte[] image, List<String> captions) {
    public Sample {
        captions = List.copyOf(captions);
    }

    /** For messages: {@code shard:key}. */
    public String name() {
        return shard + ":" + key;
    }
}
