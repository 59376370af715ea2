package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.SampleHistory;
import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.Sample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleLogTest {
    private static final Sample CAT = sample("cat", "\u0089PNG\r\n\u001a\n...");

    @TempDir
    private Path folder = Path.of("");

    private static Sample sample(String name, String picture) {
        return new Sample(
                "s:" + name,
                name,
                List.of(name),
                "",
                List.of(),
                Base64.getEncoder().encodeToString(picture.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private static ShownSamples after(long step) {
        return new ShownSamples(
                List.of(CAT), new Predictions(step, List.of(new Prediction("after\u202e " + step, 1.5, List.of()))));
    }

    private Path file() {
        return folder.resolve("samples.jsonl");
    }

    private List<Long> steps() {
        return SampleLog.read(file()).predictions().stream()
                .map(Predictions::step)
                .toList();
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        assertThat(steps()).isEmpty();
        SampleLog log = new SampleLog(file());
        log.add(after(10));
        log.add(after(20));
        SampleHistory read = SampleLog.read(file());
        assertThat(read.samples()).containsExactly(CAT);
        assertThat(steps()).containsExactly(10L, 20L);
        assertThat(Files.readAllLines(file())).hasSize(3);
        log.add(after(20));
        assertThat(steps()).as("done again").containsExactly(10L, 20L);
        assertThat(Files.readAllLines(file())).hasSize(3);
    }

    @Test
    void aFileStaysSmallHoweverLongARunTrains() throws IOException {
        SampleLog log = new SampleLog(file());
        for (long step = 1; step <= 1000; step++) {
            log.add(after(step));
        }
        assertThat(Files.readAllLines(file())).hasSizeLessThanOrEqualTo(1 + SampleHistory.MOST);
        assertThat(steps()).startsWith(1L).endsWith(999L, 1000L);
    }

    @Test
    void whoeverGoesOnKeepsWhatAnotherProcessHasWritten() {
        SampleLog first = new SampleLog(file());
        first.add(after(10));
        SampleLog second = new SampleLog(file());
        second.add(after(20));
        first.add(after(30));
        assertThat(steps()).containsExactly(10L, 20L, 30L);
    }

    @Test
    void linesThatAreDamagedOrNoPicturesAreOfNobody() throws IOException {
        new SampleLog(file()).add(after(10));
        Files.writeString(file(), """
                {"number":1,"sample":{"key":"k","name":"n","tokens":[],"how":"","views":[],"picture":"PHN2Zz4="}}
                {"number":1,"sample":{"name":"n","tokens":[],"views":[],"picture":"iVBORw0KGgoAAAAN"}}
                {"number":99,"sample":{"key":"k","name":"n","tokens":[],"how":"","views":[],"picture":"iVBORw0KGgoAAAAN"}}
                {"predictions":{"step":-1,"bySample":[]}}
                {"predictions":{"step":20}}
                null
                []
                {"number":
                """, StandardOpenOption.APPEND);
        assertThat(SampleLog.read(file()).samples()).containsExactly(CAT);
        assertThat(steps()).containsExactly(10L);
    }

    /** The page would show no sample at all, or one node's answer would be too large for another. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"tokens\":[\"a\",\"b\"],\"views\":[{\"reader\":\"l2r\",\"rows\":[]}]",
                "\"tokens\":[\"a\",\"b\"],\"views\":[{\"reader\":\"l2r\",\"rows\":[\"ll\",\"l\"]}]",
                "\"tokens\":[\"a\"],\"views\":[{\"reader\":null,\"rows\":[\"l\"]}]",
                "\"tokens\":[\"a\"],\"views\":[{\"reader\":\"l2r\",\"rows\":[null]}]",
                "\"tokens\":[null],\"views\":[]",
                "\"tokens\":[\"a\"],\"views\":[null]",
                "\"tokens\":[],\"views\":[],\"name\":\"LONG\"",
                "\"tokens\":[\"LONG\"],\"views\":[]",
                "\"tokens\":[MANY],\"views\":[]",
                "\"tokens\":[],\"views\":[VIEWS]"
            })
    void aSampleThatNoRunWritesIsOfNobody(String odd) throws IOException {
        String parts = odd.replace("LONG", "x".repeat(402))
                .replace("MANY", "\"a\"" + ",\"a\"".repeat(64))
                .replace("VIEWS", "{\"reader\":\"r\",\"rows\":[]}" + ",{\"reader\":\"r\",\"rows\":[]}".repeat(4));
        Files.writeString(
                file(),
                "{\"number\":0,\"sample\":{\"key\":\"k\",\"how\":\"\",\"picture\":\"" + CAT.picture() + "\"," + parts
                        + (parts.contains("name") ? "" : ",\"name\":\"n\"") + "}}\n");
        assertThat(SampleLog.read(file()).samples()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"step\":9223372036854775807,\"bySample\":[]}",
                "{\"step\":1,\"bySample\":[null]}",
                "{\"step\":1,\"bySample\":[{\"caption\":\"LONG\",\"loss\":1,\"guesses\":[]}]}",
                "{\"step\":1,\"bySample\":[{\"loss\":\"NaN\",\"guesses\":[]}]}",
                "{\"step\":1,\"bySample\":[{\"loss\":1,\"guesses\":[{\"token\":0,\"best\":null,\"right\":true,\"probability\":0}]}]}",
                "{\"step\":1,\"bySample\":[{\"loss\":1,\"guesses\":[{\"token\":64,\"best\":\"a\",\"right\":true,\"probability\":0}]}]}",
                "{\"step\":1,\"bySample\":[{\"loss\":1,\"guesses\":[{\"token\":-1,\"best\":\"a\",\"right\":true,\"probability\":0}]}]}",
                "{\"step\":1,\"bySample\":[{\"loss\":1,\"guesses\":[{\"token\":0,\"best\":\"a\",\"right\":true,\"probability\":7}]}]}",
                "{\"step\":1,\"bySample\":[{\"loss\":1,\"guesses\":[{\"token\":0,\"best\":\"a\",\"right\":true,\"probability\":\"NaN\"}]}]}"
            })
    void predictionsThatNoRunWritesAreOfNobody(String odd) throws IOException {
        Files.writeString(file(), "{\"number\":0,\"predictions\":" + odd.replace("LONG", "x".repeat(402)) + "}\n");
        assertThat(steps()).isEmpty();
    }

    @Test
    void whereNothingCanBeWrittenTrainingGoesOn() {
        SampleLog log = new SampleLog(folder.resolve("missing/samples.jsonl"));
        log.add(after(10));
        log.add(after(20));
        assertThat(folder.resolve("missing")).doesNotExist();
    }
}
