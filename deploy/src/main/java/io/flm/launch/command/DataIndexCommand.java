package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.PlainText;
import io.flm.data.RemoteSettings;
import io.flm.data.ShardIndex;
import io.flm.data.ShardIndex.State;
import io.flm.data.ShardIndex.Written;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm data index}: a table of contents for each shard, so that opening it costs no pass over its bytes. */
@Command(
        name = "index",
        description =
                "Writes a table of contents for each shard, so that runs open it without a pass over its bytes: beside"
                        + " the shard, or of one on a server into flm.data.remote.cache-folder.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DataIndexCommand implements Callable<Integer> {
    private static final int MOST_LINES = 20;

    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Parameters(
            paramLabel = "PATH",
            arity = "0..*",
            description =
                    "tar, a folder of them, their https:// or s3:// address, s3://bucket/prefix/, 'a-{000..123}.tar' or a .list of them;"
                            + " without any: the training"
                            + " data of the configuration.")
    private List<Path> paths = List.of();

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Writes all tables there; put each beside its shard, also on a server.")
    private @Nullable Path out;

    @Option(names = "--anew", description = "Writes tables again that are there and fit.")
    private boolean anew;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    DataIndexCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Configuration.Builder layers = options.layersOf(paths, environment);
        Config config = layers.build().config();
        Optional<Path> folder = Optional.ofNullable(out).map(environment::resolve);
        List<Written> tables = new ArrayList<>();
        try (Waiting waiting = Waiting.shown(environment.screen(), "reading shards")) {
            ShardIndex.write(SourceSettings.paths(config), RemoteSettings.from(config), folder, anew, table -> {
                tables.add(table);
                waiting.on(String.format(Locale.ROOT, "reading shards: %,d, %s", tables.size(), table.shard()));
            });
        }
        environment.out().print(json ? Json.line(map(tables)) + System.lineSeparator() : render(tables));
        if (tables.stream().allMatch(table -> table.file().isEmpty())) {
            Written first = tables.get(0);
            throw new UserException(first.shard()
                    + (first.state() == State.PACKED
                            ? ": is packed, and has no table of contents; unpack it with gunzip, and give the .tar"
                            : ": has neither an ETag nor a time of change, so no table of contents would be known to be of its"
                                    + " bytes; `touch` the file, or give a server that says one of them"));
        }
        return Failure.OK;
    }

    private static Map<String, Object> map(List<Written> tables) {
        List<Map<String, Object>> shards = new ArrayList<>();
        for (Written table : tables) {
            Map<String, Object> shard = new LinkedHashMap<>();
            shard.put("shard", table.shard());
            shard.put("state", table.state().toString().toLowerCase(Locale.ROOT));
            shard.put("file", table.file().map(Path::toString).orElse(""));
            shard.put("samples", table.samples());
            shard.put("pictures", table.pictures());
            shard.put("fileBytes", table.fileBytes());
            shard.put("memoryBytes", table.memoryBytes());
            shards.add(shard);
        }
        return Map.of("shards", shards);
    }

    private static String render(List<Written> tables) {
        StringBuilder text = new StringBuilder();
        tables.stream()
                .limit(MOST_LINES)
                .forEach(table -> text.append(PlainText.of(line(table))).append(System.lineSeparator()));
        if (tables.size() > MOST_LINES) {
            text.append(String.format(Locale.ROOT, "%,d more%n", tables.size() - MOST_LINES));
        }
        long samples = tables.stream().mapToLong(Written::samples).sum();
        long memory = tables.stream().mapToLong(Written::memoryBytes).sum();
        long pictures = tables.stream().mapToLong(Written::pictures).sum();
        return text.append(String.format(
                        Locale.ROOT,
                        "%,d samples in %,d shards; in memory %.1f MiB, %.1f bytes a picture%n",
                        samples,
                        tables.size(),
                        memory / 1048576.0,
                        memory / (double) Math.max(1, pictures)))
                .toString();
    }

    private static String line(Written table) {
        return switch (table.state()) {
            case PACKED -> String.format(Locale.ROOT, "%s: packed, no table; gunzip it", table.shard());
            case UNMARKED ->
                String.format(
                        Locale.ROOT,
                        "%s: %,d samples, no table; it has neither an ETag nor a time of change",
                        table.shard(),
                        table.samples());
            case KEPT, WRITTEN ->
                String.format(
                        Locale.ROOT,
                        "%s: %,d samples, table of %,d bytes %s",
                        table.shard(),
                        table.samples(),
                        table.fileBytes(),
                        table.state() == State.KEPT
                                ? "is there already"
                                : "in " + table.file().orElseThrow());
        };
    }
}
