package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The documents name only what there is. */
class ReadmeTest {
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]+)");
    private static final Pattern METHOD = Pattern.compile("\\[`(\\w+)(?:\\.(\\w+))?`]\\(([^)#]+\\.(?:java|py))\\)");
    private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
    private static final Pattern COMMAND =
            Pattern.compile("(?m)^(?:\\$ )?deploy/flm ([^`\\n]*)$|`(?:deploy/)?flm ([a-z-][^`\\n]*)`");

    private static final Pattern CLUSTER = Pattern.compile("(?m)^deploy/cluster ([^`\\n-][^`\\n]*)$");
    private static final Pattern TOKEN = Pattern.compile("(\\S+)\\.secrets/token");
    private static final Pattern HOSTS = Pattern.compile("(?m)^\\S+ +[a-z-]+=\\S.*$");
    private static final Pattern OPTION = Pattern.compile("(?:^| )(--[a-z-]+)");

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
    void everyMethodIsInTheFileThatIsLinked(Path document) throws IOException {
        for (MatchResult link :
                METHOD.matcher(Files.readString(document)).results().toList()) {
            Path file = document.resolveSibling(link.group(3));
            assertThat(file.getFileName().toString().replaceAll("\\..*", ""))
                    .as("link in %s", document)
                    .isEqualTo(link.group(1));
            if (link.group(2) != null) {
                assertThat(Files.readString(file))
                        .as("%s in %s", link.group(), document)
                        .containsPattern("(?m)^ +[^ */.].*[ .]" + link.group(2) + "\\(");
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
            assertThatCode(() -> world.commandLine(arguments).parseArgs(arguments))
                    .as("flm %s in %s", command, document)
                    .doesNotThrowAnyException();
        }
    }

    /** {@code deploy/cluster} itself says what its hosts files and commands are; a run with them would need hosts. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void everyCommandForAClusterIsOneOfTheScriptAndSecretsLieWhereItPutsThem() throws Exception {
        String usage = said(TestEnvironment.ROOT.resolve("deploy/cluster").toString(), "--help");
        String script = Files.readString(TestEnvironment.ROOT.resolve("deploy/cluster"));
        assertThat(script).contains("secrets=$hosts_file.secrets");
        Set<String> hostsFiles = new HashSet<>();
        Set<String> tokens = new HashSet<>();
        for (Path document : documents()) {
            String text = Files.readString(document);
            for (String command : found(CLUSTER, text)) {
                String[] words = command.split(" +", -1);
                assertThat(usage)
                        .as("deploy/cluster %s in %s", command, document)
                        .contains("\n  " + words[0] + " ");
                assertThat(words.length)
                        .as("deploy/cluster %s in %s", command, document)
                        .isBetween(2, 3);
                hostsFiles.add(words[1]);
            }
            tokens.addAll(found(TOKEN, text));
        }
        assertThat(hostsFiles).contains("hosts.txt").containsAll(tokens);
        assertThat(tokens).isNotEmpty();
        for (String line : HOSTS.matcher(Files.readString(TestEnvironment.ROOT.resolve("docs/cluster.md")))
                .results()
                .map(MatchResult::group)
                .toList()) {
            for (String word : line.split("\\s+", -1)) {
                String key = word.replaceAll("=.*", "=");
                assertThat(!word.contains("=") || usage.contains("\n  " + key))
                        .as("%s in %s", word, line)
                        .isTrue();
            }
        }
    }

    private static String said(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }

    /** Options of other programs are in blocks of their own. */
    @ParameterizedTest
    @MethodSource("documents")
    void everyOptionIsOneOfTheProgram(Path document) throws IOException {
        Set<String> options = new HashSet<>(Set.of("--help", "--version"));
        TestEnvironment world = new TestEnvironment(document.resolveSibling(""));
        collect(world.commandLine("@every"), options);
        for (String code : found(CODE, Files.readString(document))) {
            if (code.startsWith("--") || code.startsWith("flm ") || code.startsWith("deploy/flm ")) {
                for (String option : found(OPTION, code)) {
                    assertThat(options).as("`%s` in %s", code, document).contains(option);
                }
            }
        }
    }

    private static void collect(CommandLine command, Set<String> options) {
        command.getCommandSpec().options().forEach(option -> options.addAll(Arrays.asList(option.names())));
        command.getSubcommands().values().forEach(sub -> collect(sub, options));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyCommandHasHelpAndThoseThatTakeNoTimeRun(Path document) throws IOException {
        TestEnvironment world = new TestEnvironment(document.resolveSibling(""));
        for (String command : found(COMMAND, Files.readString(document))) {
            String[] words = command.strip().split("\\s+", -1);
            int names = words[0].equals("data") && words.length > 1 ? 2 : 1;
            String[] help = Arrays.copyOf(words, names + 1);
            help[names] = "--help";
            assertThat(world.flm(help)).as("flm %s in %s", command, document).isZero();
            if (words.length == 1 && Set.of("config", "version").contains(words[0])) {
                assertThat(world.flm(words))
                        .as("flm %s in %s", command, document)
                        .isZero();
            }
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
