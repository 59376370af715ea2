package io.flm.launch.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepMetrics.HeadLoss;
import io.flm.worker.StepResult;
import io.flm.worker.evaluate.Figure;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Metric;
import io.flm.worker.evaluate.Report;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Event files as TensorBoard's own reader finds them. */
@Timeout(300)
@EnabledIf(
        value = "hasTensorBoard",
        disabledReason = "needs a Python with tensorboard: run .ci/run, or give -Dflm.test.python=/path/to/python")
class TensorBoardTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_687_082_400_250L));
    private static final String HOSTILE = "a \u001b[31m<b>|*lemon*|</b>";

    /** What the reader has, as JSON: scalars by tag, texts by tag, pictures by tag with width, height, bytes and caption. */
    private static final String READ = """
            import json, sys
            from tensorboard.backend.event_processing import event_accumulator
            acc = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0, 'tensors': 0})
            acc.Reload()
            tags = acc.Tags()
            texts = [t for t in tags['tensors'] if acc.SummaryMetadata(t).plugin_data.plugin_name == 'text']
            print(json.dumps({
                'time': acc.FirstEventTimestamp(),
                'scalars': {t: [[s.step, s.value, s.wall_time] for s in acc.Scalars(t)] for t in tags['scalars']},
                'texts': {t: [[e.step, e.tensor_proto.string_val[0].decode()] for e in acc.Tensors(t)] for t in texts},
                'images': {t: [[i.step, i.width, i.height, i.encoded_image_string.hex(), acc.SummaryMetadata(t).summary_description]
                               for i in acc.Images(t)] for t in tags['images']}}))
            """;

    private static String python = "";

    @TempDir
    private Path run = Path.of("");

    static boolean hasTensorBoard() throws Exception {
        for (String candidate : List.of(System.getProperty("flm.test.python", ""), "python3")) {
            if (!candidate.isEmpty() && answer(candidate, "-c", "import tensorboard.backend") != null) {
                python = candidate;
                return true;
            }
        }
        return false;
    }

    /** What a program says; null where there is none, or it fails. */
    private static @Nullable String answer(String... command) throws IOException, InterruptedException {
        Path said = Files.createTempFile("tensorboard", ".json");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(said.toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return null;
            }
            return process.exitValue() == 0 ? Files.readString(said) : null;
        } catch (IOException e) {
            return null; // no such Python
        } finally {
            Files.deleteIfExists(said);
        }
    }

    private JsonNode read() throws Exception {
        String answer = answer(python, "-c", READ, folder().toString());
        return new ObjectMapper().readTree(Objects.requireNonNull(answer, "the reader failed"));
    }

    private Path folder() {
        return run.resolve("tensorboard");
    }

    private TensorBoardLog log() {
        return log(CLOCK);
    }

    private TensorBoardLog log(InstantSource clock) {
        return new TensorBoardLog(folder(), "flm.train {\n  lanes = 8 # <default>\n}\n", clock);
    }

    private static StepMetrics step(long step, double loss, List<HeadLoss> heldOut) {
        return new StepMetrics(
                step,
                loss,
                List.of(new HeadLoss("rec", loss + 1, 0.5), new HeadLoss("l2r", loss + 2, 0.25)),
                heldOut,
                1e-3,
                0.75,
                128,
                List.of(),
                new StepResult.Times(1_000_000, 20_000_000, 30_000_000, 4_000_000, 5_000_000));
    }

    private static double at(JsonNode events, int index) {
        return events.path(index).path(1).asDouble();
    }

    @Test
    void aStepsFiguresAreFoundByTheirNamesAtTheirTime() throws Exception {
        try (TensorBoardLog log = log()) {
            log.add(step(0, 3, List.of()));
            log.add(step(1, 2, List.of(new HeadLoss("rec", 2.5, 0.125))));
        }
        JsonNode scalars = read().path("scalars");
        assertThat(scalars.path("loss/mean"))
                .hasSize(2)
                .allSatisfy(event -> assertThat(event.path(2).asDouble()).isEqualTo(1687082400.25));
        assertThat(at(scalars.path("loss/mean"), 1)).isEqualTo(2);
        assertThat(at(scalars.path("loss/rec"), 1)).isEqualTo(3);
        assertThat(at(scalars.path("accuracy/l2r"), 0)).isEqualTo(0.25);
        assertThat(scalars.path("held-out loss/rec").path(0).path(0).asInt()).isEqualTo(1);
        assertThat(at(scalars.path("held-out loss/rec"), 0)).isEqualTo(2.5);
        assertThat(at(scalars.path("held-out accuracy/rec"), 0)).isEqualTo(0.125);
        assertThat(at(scalars.path("optimizer/learning rate"), 0)).isCloseTo(1e-3, within(1e-9));
        assertThat(at(scalars.path("optimizer/gradient norm"), 0)).isEqualTo(0.75);
        assertThat(at(scalars.path("speed/samples per second"), 0)).isCloseTo(128 / 0.06, within(0.01));
        assertThat(at(scalars.path("time of rank 0, ms/exchange"), 0)).isEqualTo(4);
        assertThat(scalars).hasSize(15);
    }

    @Test
    void theConfigurationIsShownAsItIs() throws Exception {
        try (TensorBoardLog log = log()) {
            log.add(step(0, 3, List.of()));
        }
        assertThat(read().path("texts").path("configuration").path(0).path(1).asText())
                .isEqualTo("    flm.train {\n      lanes = 8 # <default>\n    }");
    }

    /** Three steps were committed after the checkpoint that the run goes on from; the last session is cut in the middle of a record. */
    @Test
    void noStepIsThereTwiceAfterAResumption() throws Exception {
        try (TensorBoardLog log = log()) {
            for (int step = 0; step < 8; step++) {
                log.add(step(step, 10, List.of()));
            }
        }
        cutLast();
        try (TensorBoardLog log = log()) {
            for (int step = 5; step < 7; step++) {
                log.add(step(step, 20, List.of()));
            }
            log.add(step(6, 30, List.of())); // a step that was lost with a rank, in the same process
            log.add(step(7, 30, List.of()));
        }
        JsonNode loss = read().path("scalars").path("loss/mean");
        assertThat(loss)
                .extracting(
                        event -> event.path(0).asInt() + ": " + event.path(1).asInt())
                .containsExactly("0: 10", "1: 10", "2: 10", "3: 10", "4: 10", "5: 20", "6: 30", "7: 30");
    }

    private void cutLast() throws IOException {
        Path file = folder().resolve("events.out.tfevents.0000000001");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 5));
    }

    @Test
    void picturesOfAnEvaluationHaveTheirCaptions() throws Exception {
        try (TensorBoardLog log = log()) {
            log.add(step(599, 3, List.of()));
        }
        byte[] pixels = new byte[3 * 16];
        Example example = new Example("shard:1", HOSTILE, new int[] {0, 2}, pixels);
        Report report = new Report(
                new FreeLanguageModeling(0.3, 1, 1),
                1000,
                0.3,
                100,
                3,
                600,
                List.of(new Figure.Measured(
                        new Metric("cloze", "Cloze", "found", Metric.Unit.SHARE, Metric.Direction.HIGHER),
                        0.875,
                        0.25)),
                List.of(new Report.Shown(example, "a lemon", List.of()), new Report.Shown(example, null, List.of())),
                List.of());
        HeldOutEvents.write(folder(), 600, report, CLOCK);
        try (TensorBoardLog log = log()) { // resumed with more steps: the evaluation stays
            log.add(step(600, 3, List.of()));
        }
        JsonNode all = read();
        assertThat(at(all.path("scalars").path("evaluation/cloze"), 0)).isEqualTo(0.875);
        JsonNode picture =
                all.path("images").path("held-out after 600 steps/01").path(0);
        assertThat(picture.path(0).asInt()).isEqualTo(599);
        assertThat(picture.path(1).asInt()).isEqualTo(4);
        assertThat(picture.path(2).asInt()).isEqualTo(4);
        assertThat(picture.path(3).asText()).startsWith("89504e47"); // a PNG's
        assertThat(picture.path(4).asText())
                .isEqualTo("is: a \\\\u001b\\[31m&lt;b&gt;&#124;\\*lemon\\*&#124;&lt;/b&gt;; caption: a lemon");
        assertThat(all.path("images")
                        .path("held-out after 600 steps/02")
                        .path(0)
                        .path(4)
                        .asText())
                .doesNotContain("caption");
        assertThat(all.path("texts")
                        .path("held-out after 600 steps/captions")
                        .path(0)
                        .path(1)
                        .asText())
                .startsWith("| picture | is | caption |\n|---|---|---|\n| 01 | a ")
                .contains("| a lemon |\n| 02 | ");
    }

    /** A curve with a gap is better than no training; what was written before is read. */
    @Test
    void aFolderThatTakesNoFileEndsNoTraining() throws Exception {
        Files.writeString(folder(), "a file", StandardCharsets.UTF_8);
        AtomicReference<Instant> now = new AtomicReference<>(CLOCK.instant());
        try (TensorBoardLog log = log(now::get)) {
            log.add(step(0, 3, List.of()));
            Files.delete(folder());
            now.set(CLOCK.instant().plusSeconds(60));
            log.add(step(1, 2, List.of()));
            log.add(step(2, 1, List.of()));
        }
        assertThat(read().path("scalars").path("loss/mean")).hasSize(2);
    }
}
