package io.flm.worker.config;

import com.typesafe.config.ConfigValue;
import io.flm.data.PlainText;
import io.flm.data.UserException;
import java.util.Locale;

/**
 * A key of the configuration, as {@code reference.conf} tells it:
 *
 * <pre>
 * # Threads that decode pictures.          the comment says what it does
 * # [operational] threads, 1 to 1024       the tag, its last line, gives the role, and the domain: unit and range
 * decode-threads = 1                       the default
 * </pre>
 *
 * @param name such as {@code flm.data.decode-threads}
 * @param comment what the key does, in one line; without the tag
 * @param defaultValue checked by the domain
 */
public record Key(String name, String comment, Role role, Domain domain, ConfigValue defaultValue) {
    /** Of a value in a message. */
    private static final int MOST_SHOWN = 80;

    /**
     * The value in the form that is kept.
     *
     * @param origin who gave it, for the message; an option that stands for the key, such as {@code --steps}, is named as it was typed
     * @throws UserException where the key cannot have it
     */
    public ConfigValue check(ConfigValue value, String origin) {
        return domain.check(value)
                .orElseThrow(() -> new UserException(given(shown(value), origin) + ": expected " + domain.describe()));
    }

    private String given(String value, String origin) {
        boolean ownOption = origin.startsWith("--") && !origin.equals("--set");
        return ownOption ? origin + " " + value : name + " = " + value + " (" + origin + ")";
    }

    private static String shown(ConfigValue value) {
        String text = String.valueOf(value.unwrapped());
        return PlainText.cut(text, MOST_SHOWN);
    }

    /** What a run that is resumed may do with the key. */
    public enum Role {
        /** Decides the weights: a run that is resumed keeps its value. */
        IDENTITY("decides the weights: a resumed run keeps it"),
        /** May change when a run is resumed; the weights from there on are those of the new value. */
        ADJUSTABLE("may change when a run is resumed; the weights from there on follow the new value"),
        /** Cannot change a weight, whenever it changes. */
        OPERATIONAL("cannot change a weight");

        private final String meaning;

        Role(String meaning) {
            this.meaning = meaning;
        }

        /** For users. */
        public String meaning() {
            return meaning;
        }

        /** The word of the tag. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
