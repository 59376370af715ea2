package io.flm.data.parquet;

import java.util.List;
import java.util.Map;

/**
 * Which columns of a Parquet file are what: of several names the first that is there.
 *
 * @param image pictures' files
 * @param caption what people said of them
 * @param key of samples; a file may have none
 */
public record ParquetColumns(List<String> image, List<String> caption, List<String> key) {
    /** What data sets usually call them. */
    public static final ParquetColumns USUAL = new ParquetColumns(
            List.of("image", "img", "picture", "jpg", "png", "webp"),
            List.of("caption", "captions", "text", "title"),
            List.of("image_id", "__key__", "key"));

    /** What can be named. */
    public static final List<String> NAMES = List.of("image", "caption", "key");

    /** These, where some are named: {@code image}, {@code caption}, {@code key}. */
    public ParquetColumns with(Map<String, String> named) {
        return new ParquetColumns(
                named.containsKey("image") ? List.of(named.getOrDefault("image", "")) : image,
                named.containsKey("caption") ? List.of(named.getOrDefault("caption", "")) : caption,
                named.containsKey("key") ? List.of(named.getOrDefault("key", "")) : key);
    }
}
