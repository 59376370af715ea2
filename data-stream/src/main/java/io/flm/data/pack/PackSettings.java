package io.flm.data.pack;

import io.flm.data.PictureSettings;
import io.flm.data.PictureTarget;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What the shards follow from, beside the samples.
 *
 * @param target what becomes of pictures
 * @param duplicateDistance how many bits the hashes of two pictures may differ in that count as the same; -1: pictures are not compared
 * @param pictures how pictures are decoded
 */
public record PackSettings(
        PictureTarget target, Filters filters, int duplicateDistance, ShardLimit limit, PictureSettings pictures) {
    /** More would compare each picture with a large part of all others. */
    public static final int MOST_DISTANCE = 7;

    /** Takes all samples as they are. */
    public static PackSettings untouched(ShardLimit limit, PictureSettings pictures) {
        return new PackSettings(PictureTarget.UNTOUCHED, Filters.NONE, -1, limit, pictures);
    }

    boolean comparesPictures() {
        return duplicateDistance >= 0;
    }

    /** By the names that users know them by: what one folder's shards have in common. */
    public Map<String, String> named() {
        Map<String, String> named = new LinkedHashMap<>();
        named.put("--resize", String.valueOf(target.shorterSide()));
        named.put("--format", target.encoding().name().toLowerCase(Locale.ROOT));
        named.put("--quality", String.valueOf(target.quality()));
        named.put("--min-side", String.valueOf(filters.minSide()));
        named.put("--max-aspect", String.valueOf(filters.maxAspect()));
        named.put("--min-caption-words", String.valueOf(filters.minWords()));
        named.put("--max-caption-words", String.valueOf(filters.maxWords()));
        named.put("--deduplicate", comparesPictures() ? String.valueOf(duplicateDistance) : "off");
        named.put("--shard-size", limit.samples() > 0 ? limit.samples() + " samples" : limit.bytes() + " bytes");
        named.put("flm.data.exif-orientation", String.valueOf(pictures.exifOrientation()));
        named.put("flm.data.picture-memory", pictures.memoryBytes() + " bytes");
        if (pictures.jpeg().isTurbo()) { // folders of the JDK's were begun before there was another
            named.put("flm.data.jpeg-decoder", "libjpeg-turbo");
            named.put("flm.data.jpeg-scaling", String.valueOf(pictures.jpeg().scaling()));
        }
        return named;
    }
}
