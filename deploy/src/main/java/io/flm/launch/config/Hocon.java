package io.flm.launch.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigParseable;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Reads configuration texts. A text that somebody else may have written is read closed: it holds its values itself, so it reads
 * no file, no address and no environment variable, and is not larger when it is read than it was written. A file of the user's
 * own may include other files of theirs.
 */
public final class Hocon {
    /** Of a text; nodes tell each other no longer ones. */
    public static final int MOST_BYTES = 256 * 1024;

    /** Of values and groups in a text; the program knows some hundred keys. Each costs the parser as much as all before it. */
    private static final int MOST_VALUES = 2000;

    private Hocon() {}

    /**
     * Reads a text that may be anybody's.
     *
     * @throws UserException where it is too long, nested too deeply, no configuration, or includes or refers to something
     */
    static Config closed(String text, String origin) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_BYTES) {
            throw new UserException(origin + ": the configuration's " + bytes + " bytes are more than the " + MOST_BYTES
                    + " that nodes tell each other; give folders of shards as flm.data.paths, not each shard");
        }
        requireFewValues(text, origin);
        try {
            Config config = ConfigFactory.parseString(
                    text, ConfigParseOptions.defaults().setIncluder(new NoIncludes(origin)));
            if (!config.isResolved()) { // also of +=, which refers to the value before
                throw new UserException(origin
                        + ": refers to other values by ${...} or +=: a configuration holds its values itself here");
            }
            return config;
        } catch (ConfigException e) {
            throw new UserException(origin + ": not a configuration: " + firstLine(e), e);
        } catch (StackOverflowError e) {
            throw new UserException(origin + ": the configuration is nested too deeply", e);
        }
    }

    /** Counts what begins a value or a group, outside of quotes and comments, before the parser sees the text. */
    private static void requireFewValues(String text, String origin) {
        int values = 0;
        boolean quoted = false;
        boolean comment = false;
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (letter == '\n') { // ends both
                quoted = false;
                comment = false;
            } else if (quoted && letter == '\\') {
                i++;
            } else if (!comment && letter == '"') {
                quoted = !quoted;
            } else if (!quoted && (letter == '#' || text.startsWith("//", i))) {
                comment = true;
            } else if (!quoted && !comment && "=:{[".indexOf(letter) >= 0 && ++values > MOST_VALUES) {
                throw new UserException(
                        origin + ": holds more than " + MOST_VALUES + " values or groups; give each key once");
            }
        }
    }

    /**
     * Reads a file of the user, which may include others and refer to the environment. Keys are looked at before what they refer
     * to is put in.
     */
    static Config own(Path file, KnownKeys known) {
        String text = read(file);
        try {
            ConfigParseOptions options = ConfigParseOptions.defaults()
                    .setOriginDescription(file.toString())
                    .setAllowMissing(false)
                    .setIncluder(new OwnIncludes());
            if (text.isBlank()) {
                return ConfigFactory.empty();
            }
            Config config = ConfigFactory.parseFile(file.toFile(), options);
            known.checkNames(config, "file " + file);
            return config.resolve();
        } catch (ConfigException e) {
            throw new UserException(file + ": not a configuration file: " + firstLine(e), e);
        } catch (StackOverflowError e) {
            throw new UserException(file + ": nested too deeply, or it includes itself", e);
        } catch (OutOfMemoryError e) { // each ${a}${a} doubles what it refers to
            throw new UserException(file + ": what its ${...} stand for does not fit into memory; write it out", e);
        }
    }

    /** The text of a regular file. */
    static String read(Path file) {
        try {
            return new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8);
        } catch (FileSystemException e) {
            throw new UserException(
                    file + ": no such configuration file" + (e.getReason() == null ? "" : ": it is " + e.getReason()),
                    e);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String firstLine(ConfigException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable");
    }

    /** Includes regular files of bounded size, and not many: a file that includes itself twice would never end. */
    private static final class OwnIncludes
            implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {
        private static final int MOST_FILES = 100;

        private final AtomicInteger count;
        private final @Nullable ConfigIncluder files;

        OwnIncludes() {
            this(new AtomicInteger(), null);
        }

        private OwnIncludes(AtomicInteger count, @Nullable ConfigIncluder files) {
            this.count = count;
            this.files = files;
        }

        @Override
        public ConfigIncluder withFallback(ConfigIncluder fallback) {
            return new OwnIncludes(count, fallback);
        }

        @Override
        public ConfigObject include(ConfigIncludeContext context, String what) {
            if (what.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
                throw refusal(what);
            }
            ConfigParseable relative = context.relativeTo(what);
            String file = relative == null ? null : relative.origin().filename();
            counted(file == null ? new File(what) : new File(file));
            return files().include(context, what);
        }

        @Override
        public ConfigObject includeFile(ConfigIncludeContext context, File what) {
            counted(what);
            return ((ConfigIncluderFile) files()).includeFile(context, what);
        }

        @Override
        public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
            throw refusal(what.toString());
        }

        @Override
        public ConfigObject includeResources(ConfigIncludeContext context, String what) {
            counted(new File(what));
            return ((ConfigIncluderClasspath) files()).includeResources(context, what);
        }

        /** A file that is not there is passed over, as HOCON has it. */
        private void counted(File what) {
            if (count.incrementAndGet() > MOST_FILES) {
                throw new UserException("include " + what + ": more than " + MOST_FILES + " files are included");
            }
            if (what.exists() && !what.isFile()) {
                throw new UserException("include " + what + ": is no regular file");
            }
            if (what.length() > MOST_BYTES) {
                throw new UserException("include " + what + ": has more than " + MOST_BYTES + " bytes");
            }
        }

        private ConfigIncluder files() {
            if (files == null) {
                throw new IllegalStateException("an include before the parser has given its includer");
            }
            return files;
        }

        private static UserException refusal(String what) {
            return new UserException("include " + what + ": fetch it first, and include the file");
        }
    }

    /** Refuses every way to include something: each has an interface of its own, and what is left out reads files. */
    private static final class NoIncludes
            implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {
        private final String origin;

        NoIncludes(String origin) {
            this.origin = origin;
        }

        @Override
        public ConfigIncluder withFallback(ConfigIncluder fallback) {
            return this;
        }

        @Override
        public ConfigObject include(ConfigIncludeContext context, String what) {
            throw refusal(what);
        }

        @Override
        public ConfigObject includeFile(ConfigIncludeContext context, File what) {
            throw refusal(what.toString());
        }

        @Override
        public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
            throw refusal(what.toString());
        }

        @Override
        public ConfigObject includeResources(ConfigIncludeContext context, String what) {
            throw refusal(what);
        }

        private UserException refusal(String what) {
            return new UserException(origin + ": include " + what + ": a configuration holds its values itself here");
        }
    }
}
