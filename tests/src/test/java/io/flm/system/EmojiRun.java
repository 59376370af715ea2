package io.flm.system;

import io.flm.architecture.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** A short run on two styles of the emoji, unpacked: what is read by range. */
final class EmojiRun {
    private static final Path EMOJI = Repository.root().resolve("data-stream/emoji");
    private static final int STEPS = 30;

    private EmojiRun() {}

    /** Writes {@code s-noto.tar} and {@code s-twemoji.tar} into a folder. */
    static List<Path> unpack(Path folder) throws IOException {
        List<Path> shards = new ArrayList<>();
        for (String style : List.of("noto", "twemoji")) {
            try (InputStream packed =
                    new GZIPInputStream(Files.newInputStream(EMOJI.resolve("emoji-" + style + ".tar.gz")))) {
                Path shard = folder.resolve("s-" + style + ".tar");
                Files.copy(packed, shard);
                shards.add(shard);
            }
        }
        return shards;
    }

    /** The arguments of {@code flm}: the tiny preset on {@code data}, one thread a worker, nothing held out. */
    static String[] arguments(Path run, int workers, String data, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "pretrain",
                "--preset",
                "tiny",
                "--data",
                data,
                "--tokenizer",
                EMOJI.resolve("tokenizer-emoji-2k.json").toString(),
                "--hold-out",
                "0",
                "--steps",
                String.valueOf(STEPS),
                "--threads",
                "1",
                "--workers",
                String.valueOf(workers),
                "--run",
                run.toString(),
                "--json"));
        arguments.addAll(Arrays.asList(more));
        return arguments.toArray(String[]::new);
    }
}
