package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.architecture.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs on a mixture of two sources: the same weights whoever trains, and figures of each source that add up. */
class MixtureRunTest {
    private static final Path EMOJI = Repository.root().resolve("data-stream/emoji");
    private static final int STEPS = 30;
    private static final int BATCH = 8;

    @TempDir
    private Path folder = Path.of("");

    private List<String> arguments(String run, int workers, String... more) {
        List<String> arguments = new ArrayList<>(List.of("pretrain", "--preset", "tiny", "--json", "--hold-out", "1%"));
        arguments.addAll(List.of("--steps", String.valueOf(STEPS), "--workers", String.valueOf(workers)));
        arguments.addAll(List.of("--threads", "1", "--run", folder.resolve(run).toString()));
        for (String setting : List.of(
                "flm.train.micro-batch=2",
                "flm.data.group-window=3",
                "flm.data.sources.noto.augment.rotate-degrees=10",
                "flm.data.sources.twemoji.captions=first",
                "flm.model.dropout=0.1",
                "flm.evaluate.samples=8",
                "flm.checkpoint.every-steps=7")) {
            arguments.addAll(List.of("--set", setting));
        }
        arguments.addAll(Arrays.asList(more));
        return arguments;
    }

    private List<String> mixed(String run, int workers, String... more) {
        List<String> arguments = arguments(run, workers, more);
        arguments.addAll(List.of("--source", "noto=" + EMOJI.resolve("emoji-noto.tar.gz")));
        arguments.addAll(List.of("--source", "twemoji=" + EMOJI.resolve("emoji-twemoji.tar.gz")));
        arguments.addAll(List.of("--mix", "noto=0.7,twemoji=0.3"));
        arguments.addAll(
                List.of("--tokenizer", EMOJI.resolve("tokenizer-emoji-2k.json").toString()));
        return arguments;
    }

    private FlmProcess start(List<String> arguments) throws IOException {
        return FlmProcess.start(folder, arguments.toArray(String[]::new));
    }

    @Test
    void neitherTheNumberOfWorkersNorADeathChangesTheWeightsAndFiguresOfSourcesAddUp() throws Exception {
        JsonNode one = start(mixed("one", 1)).result();
        assertThat(one.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(start(mixed("three", 3)).result().get("weightsSha256"))
                .as("3 workers")
                .isEqualTo(one.get("weightsSha256"));

        FlmProcess killed = start(mixed("killed", 2));
        Path metrics = folder.resolve("killed/metrics.jsonl");
        for (long end = System.nanoTime() + 120_000_000_000L; steps(metrics).size() < 10 && System.nanoTime() < end; ) {
            if (killed.endsWithin(20)) {
                break;
            }
        }
        killed.kill();
        assertThat(start(arguments("killed", 3, "--resume")).result().get("weightsSha256"))
                .as("killed, and gone on with")
                .isEqualTo(one.get("weightsSha256"));
        assertThat(start(mixed("others", 2, "--set", "flm.data.group-window=4"))
                        .result()
                        .get("weightsSha256"))
                .as("another order gives other weights, so the comparison can fail")
                .isNotEqualTo(one.get("weightsSha256"));

        addsUp(folder.resolve("one/metrics.jsonl"));
        assertThat(steps(folder.resolve("killed/metrics.jsonl")).get(STEPS - 1).get("source.noto.loss"))
                .isEqualTo(steps(folder.resolve("one/metrics.jsonl"))
                        .get(STEPS - 1)
                        .get("source.noto.loss"));
        assertThat(Files.readString(folder.resolve("one/held-out.html"))).contains("Loss by source");
    }

    private static void addsUp(Path metrics) throws IOException {
        long noto = 0;
        for (JsonNode step : steps(metrics)) {
            long samples = step.get("samples").asLong();
            long first = step.get("source.noto.samples").asLong();
            long second = step.get("source.twemoji.samples").asLong();
            assertThat(samples).isEqualTo(BATCH);
            assertThat(first + second).isEqualTo(samples);
            noto += first;
            if ((step.get("step").asLong() + 1) % 3 == 0) { // a window of steps is through
                assertThat((double) noto)
                        .isCloseTo(0.7 * samples * (step.get("step").asLong() + 1), within(1.0));
            }
            double loss = step.get("loss").asDouble();
            if (first > 0 && second > 0) { // a mean of the sources' means, each with its part of the tokens
                double ofNoto = step.get("source.noto.loss").asDouble();
                double ofTwemoji = step.get("source.twemoji.loss").asDouble();
                assertThat(loss).isBetween(Math.min(ofNoto, ofTwemoji) - 1e-6, Math.max(ofNoto, ofTwemoji) + 1e-6);
            } else {
                assertThat(step.get("source." + (first > 0 ? "noto" : "twemoji") + ".loss")
                                .asDouble())
                        .isCloseTo(loss, within(1e-6));
            }
        }
    }

    private static List<JsonNode> steps(Path metrics) throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        if (Files.exists(metrics)) {
            for (String line : Files.readAllLines(metrics)) {
                if (line.endsWith("}")) {
                    steps.add(new ObjectMapper().readTree(line));
                }
            }
        }
        return steps;
    }
}
