package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The same weights, bit for bit, from shards in a bucket, through a network that fails in every way, as from the same shards on a disk. */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIf(
        value = "hasMoto",
        disabledReason =
                "needs a Python with moto, flask and flask-cors: run .ci/run, or give -Dflm.test.python=/path/to/python")
class S3DataTest {
    private static final String SECRET = "shown-to-nobody-wJalrXUtnFEMI";

    private static String python = "";

    private Path folder = Path.of("");
    private @Nullable MotoServer serving;
    private String onDisk = "";

    static boolean hasMoto() throws InterruptedException {
        python = PythonModules.find("moto.server, flask, flask_cors").orElse("");
        return !python.isEmpty();
    }

    @BeforeAll
    void serve(@TempDir Path ofAllTests) throws Exception {
        folder = ofAllTests;
        List<Path> shards = EmojiRun.unpack(folder);
        serving = new MotoServer(python);
        server().put("emoji", "v1/", shards);
        onDisk = trained("local", 1, folder.resolve("s-{noto,twemoji}.tar").toString());
        assertThat(onDisk).hasSize(64);
    }

    @AfterAll
    void stop() {
        if (serving != null) {
            serving.close();
        }
    }

    private MotoServer server() {
        return Objects.requireNonNull(serving);
    }

    private static List<String> machine() {
        return List.of("env", "AWS_ACCESS_KEY_ID=AKIDOFATEST", "AWS_SECRET_ACCESS_KEY=" + SECRET);
    }

    private FlmProcess start(String run, int workers, String data, String... more) throws IOException {
        List<String> all = new ArrayList<>(List.of("--set", "flm.data.remote.s3.endpoint=" + server().failing()));
        all.addAll(List.of(more));
        return FlmProcess.start(
                folder.resolve("out"),
                machine(),
                EmojiRun.arguments(folder.resolve(run), workers, data, all.toArray(String[]::new)));
    }

    private String trained(String run, int workers, String data, String... more) throws Exception {
        FlmProcess flm = start(run, workers, data, more);
        String sha256 = flm.result().get("weightsSha256").asText();
        assertThat(flm.errors()).doesNotContain(SECRET);
        return sha256;
    }

    private void holdsNoSecret(Path run) throws IOException {
        try (Stream<Path> files = Files.walk(run)) {
            assertThat(files.filter(Files::isRegularFile))
                    .isNotEmpty()
                    .allSatisfy(file -> assertThat(new String(bytes(file), StandardCharsets.ISO_8859_1))
                            .doesNotContain(SECRET)
                            .doesNotContain("AKIDOFATEST"));
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aPrefixOfABucketComesToTheWeightsOfADiskAndNoSecretIsKept() throws Exception {
        int before = server().faults.get();
        assertThat(trained("prefix", 1, "s3://emoji/v1/")).isEqualTo(onDisk);
        assertThat(server().faults.get() - before).as("faults").isPositive();
        holdsNoSecret(folder.resolve("prefix"));
    }

    @Test
    void twoWorkersWithAListAndPiecesThatAreKeptComeToThemToo() throws Exception {
        Path list = Files.writeString(
                folder.resolve("emoji.list"),
                "# of two styles\ns3://emoji/v1/s-noto.tar\ns3://emoji/v1/s-twemoji.tar\n");
        String[] keeping = {
            "--set",
            "flm.data.remote.cache-folder=" + folder.resolve("cache"),
            "--set",
            "flm.data.remote.cache-size=100MiB"
        };
        assertThat(trained("list", 2, list.toString(), keeping)).isEqualTo(onDisk);
        try (Stream<Path> tables = Files.list(folder.resolve("cache"))) {
            assertThat(tables.filter(file -> file.toString().endsWith(".flm-index")))
                    .hasSize(2);
        }
    }

    /** In the midst of a fetch: each step reads pictures of steps to come. */
    @Test
    void aRunOfThreeWorkersThatIsKilledAndGoesOnComesToThemToo() throws Exception {
        FlmProcess killed = start("killed", 3, "s3://emoji/v1/", "--set", "flm.checkpoint.every-steps=4");
        Path metrics = folder.resolve("killed/metrics.jsonl");
        while (!Files.exists(metrics)
                || Files.readAllLines(metrics).size() < 6
                || server().underWay.get() == 0) {
            assertThat(killed.endsWithin(1)).as(killed.errors()).isFalse();
        }
        killed.kill();
        int before = server().faults.get();
        assertThat(trained("killed", 3, "s3://emoji/v1/", "--resume")).isEqualTo(onDisk);
        assertThat(server().faults.get() - before).as("faults").isPositive();
    }

    /** Writes tables of contents. */
    private FlmProcess flm(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("data", "index"));
        arguments.addAll(List.of(more));
        arguments.addAll(List.of(
                "--out",
                folder.resolve("tables").toString(),
                "--set",
                "flm.data.remote.s3.endpoint=" + server().store(),
                "--json"));
        return FlmProcess.start(folder.resolve("out"), machine(), arguments.toArray(String[]::new));
    }

    @Test
    void tablesAreWrittenWhereTheUserSays() throws Exception {
        JsonNode shards = flm("s3://emoji/v1").result().get("shards");
        assertThat(shards)
                .extracting(shard -> shard.get("shard").asText())
                .containsExactly("s3://emoji/v1/s-noto.tar", "s3://emoji/v1/s-twemoji.tar");
        assertThat(folder.resolve("tables/s-noto.tar.flm-index")).isRegularFile();
    }

    /** What a real store says, in one line. */
    @Test
    void whatCannotBeReadIsRefusedWithItsCause() throws Exception {
        refused("s3://emoji/v1/none.tar: bucket emoji has no such key; give other data", "s3://emoji/v1/none.tar");
        refused(server().store() + " has no bucket elsewhere; give other data", "s3://elsewhere/a.tar");
        refused(server().store() + " has no bucket elsewhere; give other data", "s3://elsewhere/");
        refused("s3://emoji/v2/: no .tar, .tar.gz or .arrow lies below it, nor anything else", "s3://emoji/v2/");
        refused(
                "s3://emoji/v1/s-noto.tar: may not be read without credentials; unset flm.data.remote.s3.anonymous",
                "s3://emoji/v1/s-noto.tar",
                "--set",
                "flm.data.remote.s3.anonymous=true");
    }

    private void refused(String expected, String... more) throws Exception {
        FlmProcess flm = flm(more);
        assertThat(flm.exitCode()).as(flm.errors()).isEqualTo(2);
        assertThat(flm.errors()).contains(expected).doesNotContain(SECRET).doesNotContain("\tat ");
    }
}
