package io.flm.launch.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.launch.files.PlainFile;
import io.flm.worker.SourceLoss;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepResult;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What needs no reader of TensorBoard's own. */
class TensorBoardLogTest {
    @TempDir
    private Path run = Path.of("");

    private final AtomicLong now = new AtomicLong(1_687_082_400_250L);

    private TensorBoardLog log() {
        return new TensorBoardLog(folder(), "", () -> Instant.ofEpochMilli(now.get()));
    }

    private Path folder() {
        return run.resolve("tensorboard");
    }

    private static StepMetrics step(long step, SourceLoss... sources) {
        return new StepMetrics(
                step, 3, List.of(), List.of(), 1e-3, 0.75, 128, List.of(sources), new StepResult.Times(0, 0, 0, 0, 1));
    }

    @Test
    void aSourceOfWhichNothingIsPredictedHasNoPoint() throws IOException {
        try (TensorBoardLog log = log()) {
            log.add(step(0, new SourceLoss("seen", 3, 2, 0.5), new SourceLoss("unseen", 0, Double.NaN, Double.NaN)));
        }
        String written =
                Files.readString(folder().resolve("events.out.tfevents.0000000001"), StandardCharsets.ISO_8859_1);
        assertThat(written)
                .contains("loss by source/seen", "accuracy by source/seen")
                .doesNotContain("unseen");
    }

    @Test
    void afterAFailureTheFolderIsTriedAgainAMinuteLater() throws IOException {
        Files.writeString(folder(), "a file");
        try (TensorBoardLog log = log()) {
            log.add(step(0));
            Files.delete(folder());
            now.addAndGet(59_000);
            log.add(step(1));
            assertThat(folder()).doesNotExist();
            now.addAndGet(1000);
            log.add(step(2));
            assertThat(folder()).isDirectoryContaining("glob:**.0000000001");
            log.add(step(3));
            assertThat(folder().toFile().list()).hasSize(1);
        }
    }

    @Test
    void ofAFileThatCannotBeBegunNothingStays() throws IOException {
        AtomicBoolean closed = new AtomicBoolean();
        EventFile.Maker full = file -> {
            OutputStream made = PlainFile.create(file);
            return new FilterOutputStream(made) {
                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    throw new IOException("No space left on device");
                }

                @Override
                public void close() throws IOException {
                    made.close();
                    closed.set(true);
                }
            };
        };
        assertThatThrownBy(() -> EventFile.next(folder(), InstantSource.system(), full))
                .isInstanceOf(IOException.class)
                .hasMessage("No space left on device");
        assertThat(folder()).isEmptyDirectory();
        assertThat(closed).isTrue();
    }
}
