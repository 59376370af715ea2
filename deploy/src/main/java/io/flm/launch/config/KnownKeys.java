package io.flm.launch.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.PlainText;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.worker.config.Domain;
import io.flm.worker.config.Key;
import io.flm.worker.config.Keys;
import io.flm.worker.config.SourceKeys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Checks layers of configuration by the keys that the modules' {@code reference.conf} files define. */
public final class KnownKeys {
    static final String ROOT = Keys.ROOT;

    /** Of a value in a message. */
    private static final int MOST_SHOWN = 80;

    private final Keys keys;
    private final Set<String> foreignRoots; // of the libraries, such as akka: theirs to check

    /** @param foreignRoots beside {@link #ROOT}: the libraries check what is below them */
    KnownKeys(Keys keys, Set<String> foreignRoots) {
        this.keys = keys;
        this.foreignRoots = foreignRoots;
    }

    boolean isKey(String name) {
        return keys.find(name).isPresent();
    }

    Set<String> keys() {
        return keys.byName().keySet();
    }

    /**
     * Refuses a layer with an unknown key or a value that its key cannot have; returns it with its values as they are kept.
     */
    Config check(Config layer, String origin) {
        Config checked = layer;
        for (Map.Entry<String, ConfigValue> entry : layer.root().entrySet()) {
            String root = entry.getKey();
            if (!root.equals(ROOT) && !foreignRoots.contains(root)) {
                throw unknown(firstKey(root, entry.getValue()), origin);
            }
            if (root.equals(ROOT)) {
                checked = check(checked, ROOT, entry.getValue(), origin);
            }
        }
        return checked;
    }

    private Config check(Config layer, String name, ConfigValue value, String origin) {
        Optional<Key> key = keys.find(name);
        if (key.isPresent()) {
            return layer.withValue(name, key.get().check(value, origin));
        }
        if (!keys.isGroup(name) || !(value instanceof ConfigObject group)) {
            throw unknown(firstKey(name, value), origin);
        }
        Config checked = layer;
        for (Map.Entry<String, ConfigValue> entry : group.entrySet()) {
            checked = check(checked, name + "." + ConfigUtil.joinPath(entry.getKey()), entry.getValue(), origin);
        }
        return checked;
    }

    /** Refuses names that are no keys, as far as they can be told before substitutions are put in. */
    void checkNames(Config layer, String origin) {
        for (Map.Entry<String, ConfigValue> entry : layer.root().entrySet()) {
            if (entry.getKey().equals(ROOT)) {
                checkNames(ROOT, entry.getValue(), origin);
            } else if (!foreignRoots.contains(entry.getKey())) {
                throw unknown(entry.getKey(), origin);
            }
        }
    }

    private void checkNames(String name, ConfigValue value, String origin) {
        if (keys.find(name).isPresent()) {
            return;
        }
        if (!keys.isGroup(name)) {
            throw unknown(name, origin);
        }
        try {
            if (value instanceof ConfigObject group) {
                group.forEach((key, below) -> checkNames(name + "." + ConfigUtil.joinPath(key), below, origin));
            }
        } catch (ConfigException.NotResolved e) {
            // a group that another value is put into: told when it is
        }
    }

    /** Of the arguments of {@code flm config}: a key, or the keys of a group. */
    public List<Key> find(String name) {
        if (keys.find(name).isEmpty() && !keys.isGroup(name)) {
            throw unknown(name, "asked for");
        }
        List<Key> found = keys.byName().values().stream()
                .filter(key -> key.name().equals(name) || key.name().startsWith(name + "."))
                .toList();
        return found.isEmpty() ? keys.find(name).stream().toList() : found; // a key of a source is in no list
    }

    /** Reads a value as it is written on the command line: in the type of its key, quotes not needed. */
    Config parse(String name, String text, String origin) {
        Optional<Key> key = keys.find(name);
        if (key.isEmpty()) {
            if (isForeign(name)) {
                return parseHocon(name, text, origin);
            }
            throw unknown(name, origin);
        }
        if (key.get().domain().kind() != Domain.Kind.LIST) {
            ConfigValue value = ConfigValueFactory.fromAnyRef(unquoted(text), origin);
            return key.get().check(value, origin).atPath(name);
        }
        if (!text.startsWith("[")) {
            List<String> items = text.isBlank() ? List.of() : Arrays.asList(text.split(","));
            return ConfigValueFactory.fromIterable(items, origin).atPath(name);
        }
        return check(parseHocon(name, text, origin), origin);
    }

    private boolean isForeign(String key) {
        int dot = key.indexOf('.');
        String root = dot < 0 ? key : key.substring(0, dot);
        return !root.equals(ROOT) && foreignRoots.contains(root);
    }

    private static Config parseHocon(String key, String text, String origin) {
        try {
            return ConfigFactory.parseString(key + " = " + text).resolve();
        } catch (ConfigException e) {
            throw new UserException(
                    key + " = " + text + " (" + origin + "): not a value; put text in double quotes", e);
        }
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
        return quoted ? text.substring(1, text.length() - 1) : text;
    }

    /** The name with that of a first key below it. */
    private static String firstKey(String name, ConfigValue value) {
        if (!(value instanceof ConfigObject group)) {
            return name;
        }
        return group.entrySet().stream()
                .min(Map.Entry.comparingByKey())
                .map(first -> firstKey(name + "." + first.getKey(), first.getValue()))
                .orElse(name);
    }

    private UserException unknown(String key, String origin) {
        if (SourceKeys.isBelow(key)) {
            return new UserException(shown(key) + " (" + origin + "): no such key of a source, which may say "
                    + SourceKeys.all() + "; its name has " + SourceSettings.NAME_RULE);
        }
        List<String> below =
                keys().stream().filter(k -> k.startsWith(key + ".")).toList();
        if (!below.isEmpty()) {
            return new UserException(
                    key + " (" + origin + ") is a group of keys, not a key; it holds " + String.join(", ", below));
        }
        if (key.length() > MOST_SHOWN) { // longer than any key, and of anybody's: to compare it would take seconds
            return new UserException(shown(key) + " (" + origin + "): no such key, of " + key.length()
                    + " letters; `flm config` lists them all");
        }
        String group = key.substring(0, Math.max(0, key.lastIndexOf('.')));
        return new UserException(key + " (" + origin + "): no such key; "
                + nearest(key).map(near -> "did you mean " + near + "? ").orElse("")
                + (nearest(key).isEmpty() && keys.isGroup(group)
                        ? "`flm config " + group + "` lists those of its group"
                        : "`flm config` lists them all"));
    }

    private static String shown(String key) {
        return PlainText.cut(key, MOST_SHOWN);
    }

    /** The known key that is the fewest edits away; empty where none is meant by any likelihood. */
    Optional<String> nearest(String key) {
        return keys().stream()
                .filter(known ->
                        distance(key, known) <= Math.max(1, lastPart(key).length() / 3))
                .min(Comparator.comparingInt((String known) -> distance(key, known))
                        .thenComparingInt(known -> edits(key, known)));
    }

    /** In edits; the first words of a name in the right group are the nearest, a right last part in a wrong group is near. */
    private static int distance(String key, String known) {
        if (known.startsWith(key + "-")) {
            return 0;
        }
        return Math.min(edits(key, known), 1 + edits(lastPart(key), lastPart(known)));
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
