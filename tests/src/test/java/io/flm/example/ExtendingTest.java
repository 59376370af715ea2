package io.flm.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.architecture.Repository;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.Objectives;
import io.flm.worker.train.Tasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/extending.md} shows is what is compiled, and what it asks for has been done for all that there is. */
class ExtendingTest {
    private static final Pattern JAVA = Pattern.compile("(?s)```java\n(.*?)```");

    private static String read(String file) throws IOException {
        return Files.readString(Repository.root().resolve(file));
    }

    /** Lines without what is before and behind them, as a page indents less. */
    private static String lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    @Test
    void everySnippetIsInAFileOfTheExample() throws IOException {
        List<String> sources;
        try (Stream<Path> files = Files.list(Repository.root().resolve("tests/src/test/java/io/flm/example"))) {
            sources = files.map(file -> {
                        try {
                            return lines(Files.readString(file));
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .toList();
        }
        List<String> snippets = JAVA.matcher(read("docs/extending.md"))
                .results()
                .map(found -> lines(found.group(1)))
                .toList();
        assertThat(snippets)
                .hasSizeGreaterThan(2)
                .allSatisfy(snippet -> assertThat(sources).anyMatch(source -> source.contains(snippet)));
    }

    @Test
    void everyObjectiveAndTaskIsOnItsPage() throws IOException {
        Config config = ConfigFactory.defaultReference();
        String objectives = read("docs/objectives.md");
        String tasks = read("docs/tasks.md");
        for (Objective objective : Objectives.all(config.getConfig("flm.train"))) {
            assertThat(objectives).contains("| `" + objective.key() + "` |");
        }
        for (Task task : Tasks.all(config.getConfig("flm.task"))) {
            assertThat(tasks).contains("\n## " + task.key() + "\n");
            assertThat(Repository.root().resolve("deploy/src/main/resources/tasks/" + task.key() + ".conf"))
                    .exists();
        }
    }
}
