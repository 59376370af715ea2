package io.flm.launch.command;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.flm.data.PictureSettings;
import io.flm.data.PictureTarget;
import io.flm.data.PictureTarget.Encoding;
import io.flm.data.UserException;
import io.flm.data.pack.Filters;
import io.flm.data.pack.PackSettings;
import io.flm.data.pack.ShardLimit;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code flm data pack} makes of samples. */
final class PackOptions {
    private static final int MOST_SIDE = 1 << 14;

    @Option(
            names = "--shard-size",
            paramLabel = "SIZE",
            description = "A shard's most bytes, such as 512MiB, or samples, such as 10000 (1GiB).")
    private String shardSize = "1GiB";

    @Option(
            names = "--resize",
            paramLabel = "PIXELS",
            description = "Resizes pictures whose shorter side is larger to this; none is enlarged.")
    private int resize;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            description =
                    "How pictures are encoded: jpeg, png, or keep, their bytes untouched (keep; with --resize jpeg).")
    private @Nullable String format;

    @Option(names = "--quality", paramLabel = "Q", description = "Of a JPEG, 1 to 100 (90).")
    private @Nullable Integer quality;

    @Option(names = "--min-side", paramLabel = "PIXELS", description = "Leaves out pictures with a shorter side below.")
    private int minSide;

    @Option(
            names = "--max-aspect",
            paramLabel = "RATIO",
            description = "Leaves out pictures whose longer side is more than so many shorter ones, such as 3.")
    private double maxAspect;

    @Option(names = "--min-caption-words", paramLabel = "N", description = "Leaves out captions of fewer words.")
    private int minWords;

    @Option(names = "--max-caption-words", paramLabel = "N", description = "Leaves out captions of more words.")
    private int maxWords;

    @Option(
            names = "--deduplicate",
            description = "Of pictures that look alike, by a perceptual hash of 64 bits, keeps the first.")
    private boolean deduplicate;

    @Option(
            names = "--duplicate-distance",
            paramLabel = "BITS",
            description = "With --deduplicate: in how many bits the hashes of such pictures may differ, 0 to 7 (0).")
    private @Nullable Integer distance;

    /** Throws a {@link UserException} where they do not fit each other. */
    PackSettings settings(PictureSettings pictures) {
        if (distance != null && !deduplicate) {
            throw new UserException("--duplicate-distance: says how alike duplicates are; give --deduplicate with it");
        }
        int bits = distance == null ? 0 : within("--duplicate-distance", distance, 0, PackSettings.MOST_DISTANCE);
        if (!(maxAspect == 0 || maxAspect >= 1)) {
            throw new UserException("--max-aspect " + maxAspect + ": give a ratio of 1 or more, such as 3");
        }
        Filters filters = new Filters(
                within("--min-side", minSide, 0, MOST_SIDE),
                maxAspect,
                within("--min-caption-words", minWords, 0, MOST_SIDE),
                within("--max-caption-words", maxWords, 0, MOST_SIDE));
        if (maxWords > 0 && maxWords < minWords) {
            throw new UserException("--max-caption-words " + maxWords + ": is below --min-caption-words " + minWords
                    + "; no caption is both");
        }
        return new PackSettings(target(), filters, deduplicate ? bits : -1, limit(), pictures);
    }

    private PictureTarget target() {
        within("--resize", resize, 0, MOST_SIDE);
        Encoding encoding = encoding();
        if (encoding == Encoding.KEEP && resize > 0) {
            throw new UserException(
                    "--format keep: leaves the bytes of pictures as they are, and --resize does not; give"
                            + " --format jpeg or png");
        }
        if (quality != null && encoding != Encoding.JPEG) {
            throw new UserException("--quality " + quality + ": only a JPEG has one; give --format jpeg with it");
        }
        return encoding == Encoding.KEEP
                ? PictureTarget.UNTOUCHED
                : new PictureTarget(
                        resize,
                        encoding,
                        encoding == Encoding.JPEG ? within("--quality", quality == null ? 90 : quality, 1, 100) : 0);
    }

    private Encoding encoding() {
        if (format == null) {
            return resize > 0 ? Encoding.JPEG : Encoding.KEEP;
        }
        for (Encoding each : Encoding.values()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(format)) {
                return each;
            }
        }
        throw new UserException("--format " + format + ": give jpeg, png or keep");
    }

    private ShardLimit limit() {
        String wrong = "--shard-size " + shardSize
                + ": give bytes with their unit, of 1 MiB or more, such as 512MiB, or a number of samples, such as 10000";
        try {
            if (shardSize.matches("[0-9]{1,9}") && Long.parseLong(shardSize) > 0) {
                return new ShardLimit(Long.parseLong(shardSize), 0);
            }
            long bytes = ConfigFactory.parseMap(Map.of("size", shardSize)).getBytes("size");
            if (!shardSize.matches("[0-9]+") && bytes >= 1 << 20 && bytes <= 1L << 40) {
                return new ShardLimit(0, bytes);
            }
        } catch (ConfigException e) {
            throw new UserException(wrong, e);
        }
        throw new UserException(wrong);
    }

    private static int within(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new UserException(option + " " + value + ": give a number from " + least + " to " + most);
        }
        return value;
    }
}
