package io.flm.worker.config;

import io.flm.data.SourceSettings;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keys that a source of a mixture has for its own: {@code flm.data.sources.NAME.captions} says for one source what {@code
 * flm.data.captions} says for all. So no key of them is in a {@code reference.conf}: comment, role and domain are those of the general
 * key, and so is the value of a source that does not say it.
 */
public final class SourceKeys {
    private static final String ALL = "flm.data.";
    private static final List<String> KEYS =
            List.of("paths", "weight", "captions", "exif-orientation", "picture-fit", "augment.");
    private static final Pattern BELOW = Pattern.compile(
            Pattern.quote(SourceSettings.GROUP) + "\\.(" + SourceSettings.NAME.pattern() + ")(?:\\.(.+))?");

    private SourceKeys() {}

    /** Whether it is a key or a group of some source, by its first words. */
    public static boolean isBelow(String name) {
        return name.startsWith(SourceSettings.GROUP + ".");
    }

    /** The key that says the same for all sources; empty: it is no key of a source. */
    public static Optional<String> general(String name) {
        Matcher source = BELOW.matcher(name);
        return source.matches() && source.group(2) != null && isOfASource(source.group(2))
                ? Optional.of(ALL + source.group(2))
                : Optional.empty();
    }

    private static boolean isOfASource(String key) {
        return KEYS.stream().anyMatch(own -> own.endsWith(".") ? key.startsWith(own) : key.equals(own));
    }

    /** All sources, one of them, or a group of its keys. */
    static boolean isGroup(String name) {
        if (name.equals(SourceSettings.GROUP)) {
            return true;
        }
        Matcher source = BELOW.matcher(name);
        return source.matches() && (source.group(2) == null || KEYS.contains(source.group(2) + "."));
    }

    /** What a source may say, for a message. */
    public static String all() {
        return String.join(", ", KEYS).replace("augment.", "augment.*");
    }
}
