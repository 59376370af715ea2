package io.flm.launch;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.flm.data.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The keys that the modules' {@code reference.conf} files define, and the type of each. */
final class KnownKeys {
    static final String ROOT = "flm";

    private static final Set<String> WORDS_OF_TRUTH = Set.of("on", "off", "yes", "no");

    private final Map<String, ConfigValueType> types = new TreeMap<>();
    private final Set<String> whole =
            new TreeSet<>(); // numbers whose default is written without a fraction: 0, not 0.0
    private final Set<String> foreignRoots; // of the libraries, such as akka: theirs to check

    KnownKeys(Config reference) {
        for (Map.Entry<String, ConfigValue> entry : reference.withOnlyPath(ROOT).entrySet()) {
            types.put(entry.getKey(), typeOf(entry.getValue()));
            if (entry.getValue().valueType() == ConfigValueType.NUMBER
                    && reference.getString(entry.getKey()).matches("-?\\d+")) {
                whole.add(entry.getKey());
            }
        }
        foreignRoots = Set.copyOf(reference.root().keySet());
    }

    /** HOCON reads {@code on} and {@code off} as texts until somebody asks for a truth value. */
    private static ConfigValueType typeOf(ConfigValue value) {
        return WORDS_OF_TRUTH.contains(String.valueOf(value.unwrapped())) ? ConfigValueType.BOOLEAN : value.valueType();
    }

    Set<String> keys() {
        return types.keySet();
    }

    /** Refuses a layer with an unknown key or a value of the wrong type; returns it with its values in the known types. */
    Config check(Config layer, String origin) {
        for (String root : layer.root().keySet()) {
            if (!foreignRoots.contains(root)) {
                throw unknown(root + (layer.hasPath(root) ? firstKeyBelow(layer, root) : ""), origin);
            }
        }
        Config checked = layer;
        if (layer.hasPath(ROOT)) {
            for (Map.Entry<String, ConfigValue> entry : layer.withOnlyPath(ROOT).entrySet()) {
                checked = checked.withValue(entry.getKey(), check(entry.getKey(), entry.getValue(), origin));
            }
        }
        return checked;
    }

    /** Reads a value as it is written on the command line: in the type of its key, quotes not needed. */
    Config parse(String key, String text, String origin) {
        ConfigValueType type = types.get(key);
        if (type == null) {
            if (isForeign(key)) {
                return parseHocon(key, text, origin);
            }
            throw unknown(key, origin);
        }
        if (type == ConfigValueType.STRING) {
            return ConfigValueFactory.fromAnyRef(unquoted(text), origin).atPath(key);
        }
        if (type == ConfigValueType.LIST && !text.startsWith("[")) {
            List<String> items = text.isBlank() ? List.of() : Arrays.asList(text.split(","));
            return ConfigValueFactory.fromIterable(items, origin).atPath(key);
        }
        return check(parseHocon(key, text, origin), origin);
    }

    private boolean isForeign(String key) {
        int dot = key.indexOf('.');
        String root = dot < 0 ? key : key.substring(0, dot);
        return !root.equals(ROOT) && foreignRoots.contains(root);
    }

    private static Config parseHocon(String key, String text, String origin) {
        try {
            return ConfigFactory.parseString(key + " = " + text);
        } catch (ConfigException.Parse e) {
            throw new UserException(
                    key + " = " + text + " (" + origin + "): not a value; put text in double quotes", e);
        }
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
        return quoted ? text.substring(1, text.length() - 1) : text;
    }

    private ConfigValue check(String key, ConfigValue value, String origin) {
        ConfigValueType type = types.get(key);
        if (type == null) {
            throw unknown(key, origin);
        }
        Config one = value.atPath(key);
        try {
            return switch (type) {
                case NUMBER -> {
                    if (whole.contains(key) && one.getDouble(key) != Math.rint(one.getDouble(key))) {
                        throw mistyped(key, value, origin, "a whole number", null);
                    }
                    one.getDouble(key);
                    yield value;
                }
                case BOOLEAN -> ConfigValueFactory.fromAnyRef(one.getBoolean(key), origin);
                case STRING -> ConfigValueFactory.fromAnyRef(one.getString(key), origin);
                case LIST -> ConfigValueFactory.fromIterable(one.getStringList(key), origin);
                case OBJECT, NULL -> value;
            };
        } catch (ConfigException.WrongType | ConfigException.BadValue e) {
            throw mistyped(key, value, origin, describe(type), e);
        }
    }

    private static UserException mistyped(
            String key, ConfigValue value, String origin, String expected, @Nullable Throwable cause) {
        String message = key + " = " + value.unwrapped() + " (" + origin + "): expected " + expected;
        return cause == null ? new UserException(message) : new UserException(message, cause);
    }

    private static String describe(ConfigValueType type) {
        return switch (type) {
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            case STRING -> "a text";
            case LIST -> "a list, such as [a, b]";
            case OBJECT, NULL -> "keys";
        };
    }

    private static String firstKeyBelow(Config layer, String root) {
        ConfigValue value = layer.root().get(root);
        if (value == null || value.valueType() != ConfigValueType.OBJECT) {
            return "";
        }
        return layer.withOnlyPath(ConfigUtil.joinPath(root)).entrySet().stream()
                .map(entry -> entry.getKey().substring(Math.min(entry.getKey().length(), root.length())))
                .sorted()
                .findFirst()
                .orElse("");
    }

    private UserException unknown(String key, String origin) {
        List<String> below =
                keys().stream().filter(k -> k.startsWith(key + ".")).toList();
        if (!below.isEmpty()) {
            return new UserException(
                    key + " (" + origin + ") is a group of keys, not a key; it holds " + String.join(", ", below));
        }
        return new UserException(
                key + " (" + origin + "): no such key; did you mean " + nearest(key) + "? `flm config` lists them all");
    }

    /** The known key that is the fewest edits away; a right last part in a wrong group counts as near. */
    String nearest(String key) {
        return keys().stream()
                .min(Comparator.comparingInt((String known) ->
                                Math.min(edits(key, known), 1 + edits(lastPart(key), lastPart(known))))
                        .thenComparingInt(known -> edits(key, known)))
                .orElseThrow();
    }

    private static String lastPart(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Levenshtein's distance: insertions, deletions and replacements from one word to the other. */
    static int edits(String from, String to) {
        List<Integer> row = new ArrayList<>();
        for (int j = 0; j <= to.length(); j++) {
            row.add(j);
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row.get(0);
            row.set(0, i);
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row.get(j);
                row.set(j, Math.min(replaced, 1 + Math.min(row.get(j), row.get(j - 1))));
            }
        }
        return row.get(to.length());
    }
}
