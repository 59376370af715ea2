package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.architecture.Repository;
import io.flm.data.Sha256;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packing that is killed goes on by the same command, and nothing of the kill is seen in what it writes. */
class PackTest {
    private static final String EMOJI =
            Repository.root().resolve("data-stream/emoji/emoji-noto.tar.gz").toString();

    @TempDir
    private Path folder = Path.of("");

    private FlmProcess pack(String out, String threads) throws Exception {
        return FlmProcess.start(
                folder,
                "data",
                "pack",
                EMOJI,
                "--out",
                folder.resolve(out).toString(),
                "--shard-size",
                "150",
                "--resize",
                "24",
                "--quality",
                "80",
                "--deduplicate",
                "--duplicate-distance",
                "2",
                "--threads",
                threads,
                "--json");
    }

    /** All but tables of contents, which know when their shards were written. */
    private SortedMap<String, String> content(String out) throws Exception {
        SortedMap<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder.resolve(out))) {
            for (Path file : files.toList()) {
                if (!file.toString().endsWith(".flm-index") && !file.toString().endsWith(".html")) {
                    content.put(String.valueOf(file.getFileName()), Sha256.of(file));
                }
            }
        }
        return content;
    }

    @Test
    void aProcessThatIsKilledAgainAndAgainWritesTheSameBytes() throws Exception {
        int samples = pack("whole", "1").result().get("samples").asInt();
        SortedMap<String, String> whole = content("whole");
        assertThat(whole).containsKeys("shard-000002.tar", "pack.json");
        int kills = 0;
        for (int shard = 0; shard < 3; shard++) {
            Path next = folder.resolve(String.format("killed/shard-%06d.tar", shard));
            FlmProcess killed = pack("killed", "2");
            while (!Files.exists(next) && !killed.endsWithin(1)) {
                // until the shard is there
            }
            if (shard == 0) {
                killed.signal("TERM");
                assertThat(killed.exitCode()).as(killed.errors()).isIn(0, 143); // 0: it was done before
                assertThat(killed.errors())
                        .containsPattern(
                                "page: |SIGTERM: packing into .*killed stopped; the same command goes on behind the last");
            } else {
                killed.kill();
            }
            kills += Files.exists(folder.resolve("killed/statistics.html")) ? 0 : 1;
        }
        assertThat(kills).as("kills before the end").isPositive();
        assertThat(pack("killed", "2").result().get("samples").asInt()).isEqualTo(samples);
        assertThat(content("killed")).isEqualTo(whole);
    }
}
