package io.flm.worker.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The values that a key may have, as its tag says: words to choose from ({@code flm | mlm | ar}), or a unit, and where it is an
 * amount its range ({@code threads, 1 to 1024}; {@code share, above 0 to below 1}).
 *
 * @param unit what is counted or named; empty where the key chooses among words
 * @param words to choose from; empty: any value of the kind
 * @param range of an amount; null: it is none
 */
public record Domain(
        Kind kind,
        String unit,
        List<String> words,
        @Nullable Range range) {
    /** Longer texts are no amounts; reading them as numbers would take long. */
    private static final int MOST_DIGITS = 100;

    private static final Set<String> SWITCH = Set.of("on", "off");
    private static final Pattern RANGE =
            Pattern.compile("(above )?(\\S+(?: [A-Za-z]+)?) to (below )?(\\S+(?: [A-Za-z]+)?)");
    private static final Pattern DURATION = Pattern.compile("-?\\d+(\\.\\d+)?\\s*[A-Za-z]*");
    private static final Pattern SIZE = Pattern.compile("\\d+(\\.\\d+)?\\s*([KMGTPEBkmgtpeb][A-Za-z]*)?");
    private static final String PATH = "value";

    /** How a value is written. */
    public enum Kind {
        /** A number without a fraction, as is its default. */
        WHOLE,
        FRACTION,
        DURATION,
        SIZE,
        /** On or off. */
        SWITCH,
        /** One of a few words, in upper or lower case. */
        CHOICE,
        TEXT,
        LIST
    }

    /**
     * From a least to a most amount: of a number itself, of a duration in ns, of a size in bytes.
     *
     * @param text as it is written in the tag
     */
    public record Range(BigDecimal least, boolean withoutLeast, BigDecimal most, boolean withoutMost, String text) {
        private boolean holds(BigDecimal amount) {
            int low = amount.compareTo(least);
            int high = amount.compareTo(most);
            return (withoutLeast ? low > 0 : low >= 0) && (withoutMost ? high < 0 : high <= 0);
        }
    }

    /**
     * Reads what follows the role in a tag.
     *
     * @param defaultValue tells the kind
     * @throws IllegalArgumentException where it has another form, or does not hold the default
     */
    static Domain parse(String form, ConfigValue defaultValue) {
        Domain domain = form.contains("|") ? ofWords(form) : ofUnit(form, defaultValue);
        if (domain.check(defaultValue).isEmpty()) {
            throw new IllegalArgumentException("\"" + form + "\" does not hold the default");
        }
        return domain;
    }

    private static Domain ofWords(String form) {
        List<String> words = List.of(form.split("\\s*\\|\\s*", -1));
        if (words.stream().anyMatch(word -> !word.matches("[a-z][a-z0-9-]*"))) {
            throw new IllegalArgumentException("\"" + form + "\": give words, such as flm | mlm | ar");
        }
        return new Domain(Set.copyOf(words).equals(SWITCH) ? Kind.SWITCH : Kind.CHOICE, "", words, null);
    }

    private static Domain ofUnit(String form, ConfigValue defaultValue) {
        int comma = form.indexOf(", ");
        String unit = comma < 0 ? form : form.substring(0, comma);
        if (!unit.matches("[a-z][a-z0-9:-]*( [a-z0-9:-]+)*")) {
            throw new IllegalArgumentException("\"" + form + "\": begin with a unit, such as threads, 1 to 1024");
        }
        boolean list = defaultValue.valueType() == ConfigValueType.LIST;
        if (comma < 0) {
            if (defaultValue.valueType() == ConfigValueType.NUMBER || unit.equals("duration") || unit.equals("size")) {
                throw new IllegalArgumentException("\"" + form + "\": give a range, such as threads, 1 to 1024");
            }
            return new Domain(list ? Kind.LIST : Kind.TEXT, unit, List.of(), null);
        }
        return new Domain(amountKind(unit, defaultValue), unit, List.of(), null).within(form.substring(comma + 2));
    }

    private Domain within(String text) {
        Matcher bounds = RANGE.matcher(text);
        try {
            if (bounds.matches()) {
                BigDecimal least = amount(kind, ConfigValueFactory.fromAnyRef(bounds.group(2)));
                BigDecimal most = amount(kind, ConfigValueFactory.fromAnyRef(bounds.group(4)));
                return new Domain(
                        kind,
                        unit,
                        words,
                        new Range(least, bounds.group(1) != null, most, bounds.group(3) != null, text));
            }
        } catch (ConfigException | NumberFormatException e) {
            // told below
        }
        throw new IllegalArgumentException("\"" + text + "\": give a range, such as 1 to 1024 or above 0 to below 1");
    }

    private static Kind amountKind(String unit, ConfigValue defaultValue) {
        return switch (unit) {
            case "duration" -> Kind.DURATION;
            case "size" -> Kind.SIZE;
            default -> defaultValue.atPath(PATH).getString(PATH).matches("-?\\d+") ? Kind.WHOLE : Kind.FRACTION;
        };
    }

    /** The value in the form that is kept, or nothing where it is none of these. */
    public Optional<ConfigValue> check(ConfigValue value) {
        Config one = value.atPath(PATH);
        try {
            return switch (kind) {
                case WHOLE, FRACTION, DURATION, SIZE -> {
                    BigDecimal amount = amount(kind, value);
                    yield range != null && range.holds(amount) ? kept(value, amount) : Optional.empty();
                }
                case SWITCH -> Optional.of(like(value, one.getBoolean(PATH)));
                case CHOICE ->
                    Optional.of(one.getString(PATH).toLowerCase(Locale.ROOT))
                            .filter(words::contains)
                            .map(word -> like(value, word));
                case TEXT -> Optional.of(like(value, one.getString(PATH)));
                case LIST -> Optional.of(like(value, one.getStringList(PATH)));
            };
        } catch (ConfigException | NumberFormatException e) {
            return Optional.empty(); // of another type: whoever asked says what was expected
        }
    }

    /** What a value means, however it is written: of an amount the number, else the value as it is kept. */
    public Object meaning(ConfigValue value) {
        try {
            return switch (kind) {
                case WHOLE, FRACTION, DURATION, SIZE -> amount(kind, value).stripTrailingZeros();
                default -> check(value).orElse(value).unwrapped();
            };
        } catch (ConfigException | NumberFormatException e) {
            return value.unwrapped(); // it was altered
        }
    }

    private Optional<ConfigValue> kept(ConfigValue value, BigDecimal amount) {
        return switch (kind) {
            case WHOLE ->
                amount.stripTrailingZeros().scale() > 0
                        ? Optional.empty()
                        : Optional.of(like(value, amount.longValueExact()));
            case FRACTION -> {
                boolean plain = value.valueType() == ConfigValueType.NUMBER && amount.signum() != 0;
                yield Optional.of(plain ? value : like(value, amount.doubleValue())); // -0.0 becomes 0.0
            }
            default -> Optional.of(value);
        };
    }

    private static ConfigValue like(ConfigValue value, Object kept) {
        return ConfigValueFactory.fromAnyRef(kept).withOrigin(value.origin());
    }

    /** @throws NumberFormatException or {@link ConfigException} where the value is no amount */
    private static BigDecimal amount(Kind kind, ConfigValue value) {
        Config one = value.atPath(PATH);
        String text = one.getString(PATH);
        if (text.length() > MOST_DIGITS) {
            throw new NumberFormatException("too long");
        }
        return switch (kind) {
            case DURATION ->
                BigDecimal.valueOf(whole(DURATION, text, one.getDuration(PATH).toNanos()));
            case SIZE -> BigDecimal.valueOf(whole(SIZE, text, one.getBytes(PATH)));
            case FRACTION ->
                new BigDecimal(new BigDecimal(text).doubleValue()); // as it is computed with; refuses infinity
            default -> new BigDecimal(text);
        };
    }

    /** The library reads NaN as 0, and 1d as a number of bytes. */
    private static long whole(Pattern form, String text, long amount) {
        if (!form.matcher(text).matches()) {
            throw new NumberFormatException(text);
        }
        return amount;
    }

    /** What is to be given, such as {@code a whole number from 1 to 1024 (threads)}. */
    public String describe() {
        String of = unit.isEmpty() ? "" : " (" + unit + ")";
        String from = range == null ? "" : " from " + range.text();
        return switch (kind) {
            case WHOLE -> "a whole number" + from + of;
            case FRACTION -> "a number" + from + of;
            case DURATION -> "a duration" + from + ", in ms, s, m, h or d";
            case SIZE -> "a size" + from;
            case SWITCH -> "on or off";
            case CHOICE -> "one of " + String.join(", ", words);
            case TEXT -> "a text" + of;
            case LIST -> "a " + unit + ", such as [a, b]";
        };
    }
}
