package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationLogTest {
    @TempDir
    private Path folder = Path.of("");

    private static GenerationView generation(long number, String at, String why, long tookMs) {
        return new GenerationView(
                number, 10 * number, at, why, tookMs, List.of(new MemberView("w1", "n\u202e", "[0, 8)")));
    }

    private Path file() {
        return folder.resolve("generations.jsonl");
    }

    @Test
    void whatIsSaidLaterOfAGenerationCountsAndARunThatBeganAgainCountsAnew() {
        assertThat(GenerationLog.read(file())).isEmpty();
        GenerationView first = generation(1, "2023-06-18T12:00:00Z", "all joined", 250);
        GenerationView again = new GenerationView(1, 40, "2023-06-18T13:00:00Z", "resumed", -1, first.members());
        GenerationLog.keep(folder, generation(1, "2023-06-18T12:00:00Z", "all joined", -1));
        GenerationLog.keep(folder, first);
        GenerationLog.keep(folder, generation(1, "2023-06-18T12:30:00Z", "a new coordinator has found it", -1));
        GenerationLog.keep(folder, again);
        assertThat(GenerationLog.read(file())).containsExactly(first, again);
    }

    @Test
    void aRunWithoutAFolderHereGetsNone() {
        Path elsewhere = folder.resolve("gone");
        GenerationLog.keep(elsewhere, generation(1, "2023-06-18T12:00:00Z", "all joined", -1));
        assertThat(elsewhere).doesNotExist();
    }

    @Test
    void aFileStaysSmallHoweverOftenWorkersComeAndGo() throws IOException {
        for (long number = 1; number <= 3000; number++) {
            GenerationLog.keep(
                    folder,
                    generation(
                            number,
                            "2023-06-18T12:%02d:%02dZ".formatted(number / 60, number % 60),
                            "w".repeat(1000),
                            5));
        }
        assertThat(Files.size(file())).isBetween(100L << 10, 1100L << 10);
        assertThat(GenerationLog.read(file()))
                .hasSizeGreaterThanOrEqualTo(100)
                .last()
                .extracting(GenerationView::number)
                .isEqualTo(3000L);
    }

    /** The folder may be somebody else's. */
    @Test
    void whatIsNoGenerationIsPassedOver() throws IOException {
        GenerationView good = generation(2, "2023-06-18T12:00:00Z", "w2 came back", 40);
        GenerationLog.keep(folder, good);
        for (String bad : List.of(
                "null",
                "[]",
                "{}",
                "{\"number\":1,\"firstStep\":0,\"at\":\"noon\",\"why\":\"w\",\"tookMs\":1,\"members\":[]}",
                "{\"number\":1,\"firstStep\":0,\"at\":\"2023-06-18T12:00:00Z\",\"why\":\"w\",\"tookMs\":1,\"members\":[null]}",
                "{\"number\":1,\"firstStep\":0,\"at\":\"2023-06-18T12:00:00Z\",\"why\":null,\"tookMs\":1,\"members\":[]}",
                "{\"number\":-1,\"firstStep\":0,\"at\":\"2023-06-18T12:00:00Z\",\"why\":\"w\",\"tookMs\":1,\"members\":[]}",
                "{\"number\":1,\"fir")) {
            Files.writeString(file(), bad + "\n", StandardOpenOption.APPEND);
        }
        assertThat(GenerationLog.read(file())).containsExactly(good);
        Path link = Files.createSymbolicLink(folder.resolve("link.jsonl"), file());
        assertThat(GenerationLog.read(link)).isEmpty();
    }
}
