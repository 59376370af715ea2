package io.flm.worker.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.RemoteSettings;
import io.flm.data.UserException;
import io.flm.worker.task.entail.EntailTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be scored is refused when it is opened, not when the training is over. */
class ScoredDataTest {
    private static final Path FLUENT = Path.of("../data-stream/emoji/emoji-fluent.tar.gz");

    @TempDir
    private Path folder = Path.of("");

    private ScoredData open(String first, String second) throws IOException {
        String line =
                "{\"image\": \"fluent/%s\", \"sentence2\": \"%s\", \"gold_label\": \"neutral\", \"pairID\": \"%s\"}\n";
        Path file = Files.writeString(
                folder.resolve("val.jsonl"),
                line.formatted("1f3bb", first, "one") + line.formatted("1f9d7-1f3fe", second, "two"));
        return ScoredData.open(new EntailTask(), List.of(file), List.of(FLUENT), RemoteSettings.defaults(), note -> {});
    }

    @Test
    void aSentenceWithoutWordsIsRefused() throws IOException {
        try (ScoredData data = open("a violin.", "a person.")) {
            assertThat(data.scored().examples().size()).isEqualTo(2);
        }
        assertThatThrownBy(() -> open("a violin.", "  "))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("val.jsonl")
                .hasMessageContaining("1 of 2 examples have no text to score, the first two: the text is empty;"
                        + " mend them, or leave them out");
    }
}
