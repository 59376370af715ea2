package io.flm.worker.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import io.flm.data.UserException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The keys below {@code flm} that the {@code reference.conf} files on the class path define. */
public final class Keys {
    /** Above all keys of this program. */
    public static final String ROOT = "flm";

    private static final Pattern TAG = Pattern.compile("\\[([a-z]+)] (.+)");

    private final SortedMap<String, Key> keys;

    private static final class Known {
        private static final Keys KEYS = of(ConfigFactory.defaultReferenceUnresolved());
    }

    private Keys(SortedMap<String, Key> keys) {
        this.keys = keys;
    }

    /** Those of this program: the modules on the class path. */
    public static Keys known() {
        return Known.KEYS;
    }

    /**
     * Those that a reference configuration defines.
     *
     * @throws IllegalArgumentException naming each key whose tag is missing or malformed
     */
    public static Keys of(Config reference) {
        SortedMap<String, Key> keys = new TreeMap<>();
        List<String> faults = new ArrayList<>();
        for (Map.Entry<String, ConfigValue> entry : reference.withOnlyPath(ROOT).entrySet()) {
            try {
                keys.put(entry.getKey(), key(entry.getKey(), entry.getValue()));
            } catch (IllegalArgumentException e) {
                faults.add(entry.getKey() + ": " + e.getMessage());
            }
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(
                    "reference.conf: " + faults.stream().sorted().collect(Collectors.joining("; ")));
        }
        return new Keys(keys);
    }

    private static Key key(String name, ConfigValue value) {
        List<String> lines =
                value.origin().comments().stream().map(String::strip).toList();
        Matcher tag = TAG.matcher(lines.isEmpty() ? "" : lines.get(lines.size() - 1));
        if (lines.size() < 2 || !tag.matches()) {
            throw new IllegalArgumentException(
                    "give it a comment, and as its last line a tag, such as" + " # [operational] threads, 1 to 1024");
        }
        return new Key(
                name,
                String.join(" ", lines.subList(0, lines.size() - 1)),
                role(tag.group(1)),
                Domain.parse(tag.group(2), value),
                value);
    }

    private static Key.Role role(String word) {
        for (Key.Role role : Key.Role.values()) {
            if (role.word().equals(word)) {
                return role;
            }
        }
        throw new IllegalArgumentException("[" + word + "]: give identity, adjustable or operational");
    }

    /**
     * The configuration with its values as they are kept.
     *
     * @param config has all keys
     * @param origin who gave it, for the message
     * @throws UserException naming a key with a value that it cannot have
     */
    public Config check(Config config, String origin) {
        Config checked = config;
        for (Key key : keys.values()) {
            checked = checked.withValue(key.name(), key.check(config.getValue(key.name()), origin));
        }
        return checked;
    }

    /** By name, sorted. */
    public SortedMap<String, Key> byName() {
        return Collections.unmodifiableSortedMap(keys);
    }

    /** A key of the modules, or one that a source of a mixture has for its own: {@link SourceKeys}. */
    public Optional<Key> find(String name) {
        Key key = keys.get(name);
        return key != null
                ? Optional.of(key)
                : SourceKeys.general(name)
                        .flatMap(this::find)
                        .map(general -> new Key(
                                name, general.comment(), general.role(), general.domain(), general.defaultValue()));
    }

    /** Whether there are keys below it, or could be. */
    public boolean isGroup(String name) {
        return SourceKeys.isGroup(name) || keys.keySet().stream().anyMatch(key -> key.startsWith(name + "."));
    }
}
