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

    @Test
    void whereNothingCanBeWrittenTrainingGoesOn() {
        SampleLog log = new SampleLog(folder.resolve("missing/samples.jsonl"));
        log.add(after(10));
        log.add(after(20));
        assertThat(folder.resolve("missing")).doesNotExist();
    }
}
