package io.flm.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The documents name only what there is. */
class ReadmeTest {
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]+)");
    private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
    private static final Pattern COMMAND =
            Pattern.compile("(?m)^(?:\\$ )?deploy/flm ([^`\\n]*)$|`(?:deploy/)?flm ([^`\\n]+)`");

    static List<Path> documents() throws IOException {
        Path root = TestEnvironment.ROOT;
        try (Stream<Path> docs = Files.walk(root.resolve("docs"))) {
            return Stream.concat(
                            Stream.of(root.resolve("README.md"), root.resolve("CHANGELOG.md")),
                            docs.filter(file -> file.toString().endsWith(".md")).sorted())
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyPathExists(Path document) throws IOException {
        String text = Files.readString(document);
        for (String link : found(LINK, text)) {
            assertThat(document.resolveSibling(link)).as("link in %s", document).exists();
        }
        for (String code : found(CODE, text)) {
            boolean path = code.matches("[\\w.-]+(/[\\w.-]+)+/?")
                    && Files.isDirectory(TestEnvironment.ROOT.resolve(code.substring(0, code.indexOf('/'))));
            if (path) {
                assertThat(TestEnvironment.ROOT.resolve(code))
                        .as("path in %s", document)
                        .exists();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyCommandIsUnderstood(Path document) throws IOException {
        TestEnvironment world = new TestEnvironment(document.resolveSibling(""));
        for (String command : found(COMMAND, Files.readString(document))) {
            String[] arguments = Arrays.stream(
                            command.replaceAll("\\s[#>|].*", "").split("\\s+"))
                    .filter(argument -> !argument.isEmpty())
                    .toArray(String[]::new);
            assertThatCode(() -> world.commandLine().parseArgs(arguments))
                    .as("flm %s in %s", command, document)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void theReadmeHasCommandsAndLinks() throws IOException {
        String readme = Files.readString(TestEnvironment.ROOT.resolve("README.md"));
        assertThat(found(COMMAND, readme)).contains("pretrain");
        assertThat(found(LINK, readme)).contains("docs/architecture.md", "NOTICE");
    }

    private static List<String> found(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1) != null ? match.group(1) : match.group(2))
                .toList();
    }
}
