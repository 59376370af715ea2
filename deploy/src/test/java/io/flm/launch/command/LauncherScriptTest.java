package io.flm.launch.command;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code deploy/flm} in a repository of empty modules, with a Java and a Maven that only say how they were called. The PATH
 * holds nothing but what the script is allowed to need.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherScriptTest {
    private static final List<String> TOOLS = List.of(
            "bash",
            "cat",
            "cksum",
            "cp",
            "cut",
            "dirname",
            "env",
            "expr",
            "find",
            "flock",
            "grep",
            "head",
            "ln",
            "locale",
            "ls",
            "mkdir",
            "mv",
            "readlink",
            "rm",
            "sed",
            "sleep",
            "sort",
            "stty",
            "tail",
            "tee",
            "touch",
            "tr",
            "uname",
            "xargs");
    private static final List<String> MODULES = List.of(
            "data-stream", "param-server", "gpu-worker", "coordinator", "tests/virtual", "tests/simulation", "deploy");

    private static final List<String> LIBRARIES = List.of("api-1.jar", "pytorch-native-cpu-2.7.1.jar");

    @TempDir
    private Path folder = Path.of("");

    private record Ended(int exitCode, String out, String err) {}

    @BeforeEach
    void aRepositoryWithEmptyModules() throws IOException {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool : TOOLS) {
            for (String place : new String[] {"/bin", "/usr/bin"}) {
                if (Files.exists(Path.of(place, tool)) && !Files.exists(tools.resolve(tool))) {
                    Files.createSymbolicLink(tools.resolve(tool), Path.of(place, tool));
                }
            }
        }
        for (String module : MODULES) {
            Files.createDirectories(folder.resolve("repo").resolve(module).resolve("src/main"));
            Files.writeString(folder.resolve("repo").resolve(module).resolve("src/main/A.java"), "class A {}");
        }
        Files.writeString(folder.resolve("repo/pom.xml"), "<project/>");
        Files.copy(TestEnvironment.ROOT.resolve("deploy/flm"), folder.resolve("repo/deploy/flm"));
    }

    private void program(Path file, String body) throws IOException {
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, "#!" + folder.resolve("tools/bash") + "\n" + body);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private void java(String version) throws IOException {
        Path home = folder.resolve("jdk");
        program(home.resolve("bin/java"), """
                case "$*" in
                  -version) echo 'openjdk version "%s" 2025-01-01' >&2 ;;
                  -XshowSettings*) echo "    java.home = %s" >&2 ;;
                  *) echo "in $PWD"; printf '%%s\\n' "$@" "spin $GOMP_SPINCOUNT" "locale ${LC_ALL:-}" "classes $CLASSPATH" ;;
                esac
                """.formatted(version, home));
        program(home.resolve("bin/javac"), "");
        Files.deleteIfExists(folder.resolve("tools/java"));
        Files.createSymbolicLink(folder.resolve("tools/java"), home.resolve("bin/java"));
    }

    private void maven(String version, String build) throws IOException {
        program(folder.resolve("tools/mvn"), """
                case "$*" in *-version) echo "Apache Maven %s"; exit ;; esac
                echo "[INFO] Building data-stream 0.1.0-SNAPSHOT      [2/6]"
                echo "$*" >> "%s"
                %s
                while [ "$1" != -f ]; do shift; done
                cd "${2%%/pom.xml}"
                for m in %s; do mkdir -p $m/target/program; echo > $m/target/program/${m##*/}-1.jar; done
                echo "%s" > deploy/target/program/classpath
                """.formatted(
                        version,
                        folder.resolve("builds"),
                        build,
                        String.join(" ", MODULES),
                        LIBRARIES.stream()
                                .map(library -> folder.resolve("libraries").resolve(library))
                                .map(Path::toString)
                                .collect(joining(":"))));
        for (String library : LIBRARIES) {
            Files.createDirectories(folder.resolve("libraries"));
            Files.writeString(folder.resolve("libraries").resolve(library), "");
        }
    }

    private Ended flm(Path script, String... arguments) throws Exception {
        return await(start(script, arguments));
    }

    private Process start(Path script, String... arguments) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("tools/bash").toString(), script.toString()));
        command.addAll(List.of(arguments));
        return start(Map.of("HOME", home()), command);
    }

    private String home() throws IOException {
        return Files.createDirectories(folder.resolve("home")).toString();
    }

    /** The script in what another shell leaves behind: {@code $0} is the script there. */
    private Ended within(Map<String, String> environment, String shell, Path script) throws Exception {
        return await(
                start(environment, List.of(folder.resolve("tools/bash").toString(), "-c", shell, script.toString())));
    }

    private Process start(Map<String, String> environment, List<String> command) throws IOException {
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
        ProcessBuilder builder = new ProcessBuilder(command).directory(elsewhere.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", folder.resolve("tools").toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static Ended await(Process process) throws Exception {
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), out, err);
    }

    private List<String> builds() throws IOException {
        Path builds = folder.resolve("builds");
        return Files.exists(builds) ? Files.readAllLines(builds) : List.of();
    }

    @Test
    void withoutJavaItSaysWhatInstallsIt() throws Exception {
        Ended ended = flm(folder.resolve("repo/deploy/flm"), "version");
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.err().lines()).hasSize(2);
        assertThat(ended.err())
                .contains("Java was not found: 17 or newer is needed")
                .contains("apt-get install openjdk-17-jdk-headless")
                .contains("dnf install java-17-openjdk-devel")
                .contains("brew install openjdk@17");
    }

    @Test
    void withAnOldJavaOrMavenItSaysSo() throws Exception {
        java("11.0.2");
        assertThat(flm(folder.resolve("repo/deploy/flm")).err()).contains("Java 11 is too old");
        java("1.8.0_292");
        assertThat(flm(folder.resolve("repo/deploy/flm")).err()).contains("is too old");
        java("17.0.15");
        Ended ended = flm(folder.resolve("repo/deploy/flm"));
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.err()).contains("Maven was not found").contains("apt-get install maven");
        maven("3.6.3", "");
        assertThat(flm(folder.resolve("repo/deploy/flm")).err()).contains("Maven 3.6.3 is too old");
        maven("3.8.7", "");
        assertThat(flm(folder.resolve("repo/deploy/flm")).exitCode()).isZero();
    }

    @Test
    void itBuildsOnceAndAgainAfterAChange() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path script = folder.resolve("repo/deploy/flm");
        Ended first = flm(script, "version");
        assertThat(first.exitCode()).as(first.err()).isZero();
        assertThat(first.err()).contains("first start: building").contains("building data-stream [2/6]");
        assertThat(first.out()).doesNotContain("building");
        assertThat(flm(script, "version").err()).isEmpty();
        assertThat(builds()).hasSize(1);
        assertThat(builds().get(0)).contains("-Dflm.program").contains("-pl deploy -am package");

        Files.writeString(folder.resolve("repo/gpu-worker/src/main/A.java"), "// changed\n", StandardOpenOption.APPEND);
        assertThat(flm(script, "version").err()).contains("sources have changed");
        assertThat(builds()).hasSize(2);
    }

    @Test
    void aBuildThatWasBrokenOffIsBuiltAnew() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path script = folder.resolve("repo/deploy/flm");
        flm(script, "version");
        Files.writeString(folder.resolve("repo/deploy/src/main/A.java"), "// changed");
        Files.delete(folder.resolve("repo/deploy/target/program/classpath")); // written last
        assertThat(flm(script, "version").exitCode()).isZero();
        assertThat(builds()).hasSize(2);
    }

    @Test
    void oldBuildsAreRemovedAndNothingElse() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path foreign = Files.createDirectories(folder.resolve("my/own"));
        Path repository = Files.move(folder.resolve("repo"), folder.resolve("my repo"));
        for (int build = 1; build <= 5; build++) {
            Files.writeString(repository.resolve("gpu-worker/src/main/A.java"), "// " + build);
            assertThat(flm(repository.resolve("deploy/flm"), "version").exitCode())
                    .isZero();
        }
        assertThat(builds()).hasSize(5);
        assertThat(foreign).exists();
        try (Stream<Path> all = Files.list(repository.resolve("deploy/target"))) {
            assertThat(all.filter(path -> path.getFileName().toString().startsWith("app-")))
                    .hasSize(3);
        }
    }

    @Test
    void aJavaThatDoesNotRunIsNone() throws Exception {
        program(folder.resolve("tools/java"), "echo 'Unable to locate a Java Runtime.' >&2; exit 1");
        Ended ended = flm(folder.resolve("repo/deploy/flm"), "version");
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.err()).contains("Java was not found: 17 or newer is needed");
    }

    @Test
    void aFailedBuildIsToldAndTriedAgain() throws Exception {
        java("17.0.15");
        maven("3.8.7", "echo '[ERROR] A.java: not a class'; printf '\\033[0m'; exit 1"); // a last line without end
        Ended failed = flm(folder.resolve("repo/deploy/flm"), "version");
        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(failed.err()).contains("[ERROR] A.java: not a class").contains("the build failed; see ");
        assertThat(failed.out()).isEmpty();
        maven("3.8.7", "");
        assertThat(flm(folder.resolve("repo/deploy/flm"), "version").exitCode()).isZero();
    }

    @Test
    void theDownloadRouteLeavesTheBundledNativesOutAndMayGoToTheNetwork() throws Exception {
        java("17.0.15");
        maven("3.8.7", "");
        Path script = folder.resolve("repo/deploy/flm");
        flm(script, "version");

        assertThat(flm(script, "version").out()).contains("/api-1.jar", "/pytorch-native-cpu", "offline=true");
        for (String[] arguments :
                new String[][] {{"pretrain", "--torch", "download"}, {"--torch=download", "pretrain"}}) {
            assertThat(flm(script, arguments).out())
                    .contains("/api-1.jar", "offline=false")
                    .doesNotContain("pytorch-native");
        }
    }

    @Test
    void itRunsThroughLinksInTheCallersFolderWithTheArgumentsAsTheyAre() throws Exception {
        java("25");
        maven("3.8.7", "");
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("repo/deploy/flm"));
        Path linkToLink = Files.createSymbolicLink(folder.resolve("tools/flm"), Path.of("../link"));
        assertThat(link).isSymbolicLink();
        Ended ended = flm(linkToLink, "config", "--set", "a b=c d");
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.out().lines())
                .contains("in " + folder.resolve("elsewhere").toRealPath())
                .contains("-Dai.djl.offline=true", "-Djava.awt.headless=true")
                .contains("--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED")
                .contains("--add-opens=java.base/java.nio=ALL-UNNAMED")
                .contains("--enable-native-access=ALL-UNNAMED")
                .contains("-Dflm.home=" + folder.resolve("repo").toRealPath())
                .containsSubsequence("io.flm.launch.Main", "config", "--set", "a b=c d", "spin 100000");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a space",
                "it's \"quoted\"",
                "M\u00fcller \u6a21\u578b",
                "-dash",
                "glob[*]?",
                "a:colon",
                "$HOME `id`",
                "back\\slash",
                "#hash%20!"
            })
    void theRepositoryMayBeCalledAnything(String name) throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path repository = Files.move(folder.resolve("repo"), folder.resolve(name));

        Ended ended = flm(repository.resolve("deploy/flm"), "version");

        assertThat(ended.exitCode()).as(ended.err()).isZero();
        String classes = ended.out()
                .lines()
                .filter(line -> line.startsWith("classes "))
                .findFirst()
                .orElse("")
                .substring("classes ".length());
        assertThat(classes.split(":", -1))
                .hasSize(MODULES.size() + LIBRARIES.size())
                .allSatisfy(jar -> assertThat(Path.of(jar)).isRegularFile());
        assertThat(flm(repository.resolve("deploy/flm"), "version").err()).isEmpty();
    }

    @Test
    void whatAShellExportsOrClosesChangesNothing() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path script = folder.resolve("repo/deploy/flm");
        String expected = flm(script, "version").out();
        Map<String, String> exported = Map.of(
                "HOME",
                home(),
                "CDPATH",
                folder.resolve("repo") + ":" + folder,
                "GREP_OPTIONS",
                "--count",
                "GLOBIGNORE",
                "*",
                "TMPDIR",
                folder.resolve("missing").toString());
        Files.createSymbolicLink(folder.resolve("tools/sh"), Path.of("/bin/sh"));
        for (String shell : List.of(
                "exec \"$0\" version",
                "cd \"${0%/*}\"; exec ./flm version",
                "cd \"${0%/*}\"; exec bash flm version",
                "cd \"${0%/*}/..\"; exec deploy/flm version",
                "exec \"$0\" version <&-",
                "exec \"$0\" version 2>&-",
                "exec sh \"$0\" version")) {
            Ended ended = within(exported, shell, script);
            assertThat(ended.exitCode()).as(shell + ": " + ended.err()).isZero();
            assertThat(ended.err()).as(shell).isEmpty();
            assertThat(ended.out().lines().skip(1).filter(line -> !line.startsWith("-Dflm.called")))
                    .as(shell)
                    .containsExactlyElementsOf(expected.lines()
                            .skip(1)
                            .filter(line -> !line.startsWith("-Dflm.called"))
                            .toList());
        }
        assertThat(within(exported, "exec \"$0\" version >&-", script).exitCode())
                .isZero();
        assertThat(builds()).hasSize(1);
    }

    @Test
    void theCharsetOfFileNamesIsUtf8WhateverTheLocaleIs() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path script = folder.resolve("repo/deploy/flm");
        for (Map<String, String> locale : List.of(
                Map.<String, String>of(),
                Map.of("LC_ALL", "C"),
                Map.of("LANG", "de_DE.ISO-8859-1"),
                Map.of("LC_ALL", "xx_YY.UTF-8"))) {
            Ended ended = within(locale, "HOME=" + home() + " exec \"$0\" version", script);
            assertThat(ended.out()).as("%s: %s", locale, ended.err()).contains("\nlocale C.UTF-8\n");
            assertThat(ended.out()).contains("-Dfile.encoding=UTF-8");
        }
        assertThat(flm(script, "version").err()).isEmpty();
    }

    @Test
    void withoutAUsableHomeCachesGoBesideTheBuildOrToAFolderThatIsThisUsersOwn() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path repository = folder.resolve("repo").toRealPath();
        Path script = repository.resolve("deploy/flm");
        for (String home : List.of("", "/nonexistent", "relative", folder + "/a:b")) {
            Ended ended = within(Map.of("HOME", home), "exec \"$0\" version", script);
            assertThat(ended.out()).as(ended.err()).contains("-Duser.home=" + repository + "/deploy/target/home\n");
        }
        assertThat(within(Map.of(), "exec \"$0\" version", script).exitCode()).isZero();

        Path beside = repository.resolve("deploy/target/home");
        Files.delete(beside);
        Files.writeString(beside, ""); // as little a folder as one that is read-only, which root cannot make
        Path temporary = Files.createDirectories(folder.resolve("tmp"));
        Map<String, String> environment = Map.of("TMPDIR", temporary.toString());
        Ended ended = within(environment, "exec \"$0\" version", script);
        assertThat(ended.out()).as(ended.err()).contains("-Duser.home=" + temporary + "/flm-home-");
        Path own;
        try (Stream<Path> made = Files.list(temporary)) {
            own = made.findFirst().orElseThrow();
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(own)))
                .isEqualTo("rwx------");

        Files.delete(own);
        Files.createSymbolicLink(own, Files.createDirectories(folder.resolve("of somebody else")));
        Ended refused = within(environment, "exec \"$0\" version", script);
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err().lines()).singleElement().asString().contains("set HOME to a folder");
    }

    @Test
    void whatCannotBeBuiltOrOpenedIsRefusedInOneLine() throws Exception {
        java("17.0.15");
        maven("3.9.11", "");
        Path script = folder.resolve("repo/deploy/flm");
        Ended files = within(Map.of("HOME", home()), "ulimit -n 64; exec \"$0\" version", script);
        assertThat(files.exitCode()).isEqualTo(2);
        assertThat(files.err())
                .isEqualTo("flm: only 64 files may be open at once: raise that to 256 or more (ulimit -n)\n");

        Files.writeString(folder.resolve("repo/deploy/target"), ""); // as little a folder as one that is read-only
        Ended readOnly = flm(script, "version");
        assertThat(readOnly.exitCode()).isEqualTo(2);
        assertThat(readOnly.err().lines()).singleElement().asString().contains("is not built and cannot be written");
    }

    @Test
    void aTerminalsWidthIsItsOwnAndADumbOneHasNone() throws Exception {
        Path pseudoTerminal = Path.of("/usr/bin/script");
        assumeTrue(Files.isExecutable(pseudoTerminal), "no script(1) here");
        java("17.0.15");
        maven("3.9.11", "");
        Path script = folder.resolve("repo/deploy/flm");
        flm(script, "version");
        for (String[] seen : new String[][] {
            {"xterm", "stty cols 133", "-Dflm.columns=133"},
            {"xterm", "stty cols 0", "-Dflm.columns=80"},
            {"dumb", "stty cols 133", ""}
        }) {
            Ended ended = await(start(
                    Map.of(
                            "HOME",
                            home(),
                            "TERM",
                            seen[0],
                            "SHELL",
                            folder.resolve("tools/bash").toString()),
                    List.of(pseudoTerminal.toString(), "-qec", seen[1] + "; " + script + " version", "/dev/null")));
            assertThat(ended.out()
                            .lines()
                            .filter(line -> line.startsWith("-Dflm.columns"))
                            .collect(joining()))
                    .as(ended.out())
                    .isEqualTo(seen[2]);
        }
    }

    @Test
    void aBuildIsNeverSilentForLong() throws Exception {
        java("17.0.15");
        maven("3.9.11", "sleep 4");
        assertThat(flm(folder.resolve("repo/deploy/flm"), "version").err())
                .containsPattern("flm: building data-stream \\[2/6]: [345] s so far");
    }

    /** What it hands on is what messages name: it must work in the folder that the script was called from. */
    @Test
    void messagesNameTheProgramAsItWasCalled() throws Exception {
        java("17");
        maven("3.8.7", "");
        Path script = folder.resolve("repo/deploy/flm");
        assertThat(called(script.toString())).isEqualTo(script.toString());
        assertThat(called("../repo/deploy/flm")).isEqualTo("../repo/deploy/flm");
        Files.createSymbolicLink(folder.resolve("elsewhere/my flm"), script);
        assertThat(called("my flm")).isEqualTo("./my flm");
        Files.createSymbolicLink(folder.resolve("tools/flm"), script);
        assertThat(called("../repo/deploy/flm")).as("it is on the PATH").isEqualTo("flm");
    }

    private String called(String script) throws Exception {
        return flm(Path.of(script), "version")
                .out()
                .lines()
                .filter(line -> line.startsWith("-Dflm.called="))
                .findFirst()
                .orElse("")
                .substring("-Dflm.called=".length());
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aBuildThatHasEndedKeepsNobodyWaiting() throws Exception {
        java("17.0.15");
        maven("3.8.7", "sleep 0.2");
        Process build = start(folder.resolve("repo/deploy/flm"), "version");
        build.getOutputStream().close();
        assertThat(build.waitFor(60, TimeUnit.SECONDS)).isTrue();
        Process next =
                new ProcessBuilder("flock", "-n", folder.resolve("repo/deploy").toString(), "true").start();
        assertThat(next.waitFor()).as("the lock is free").isZero();
    }

    @Test
    @EnabledOnOs(OS.LINUX) // macOS has no flock
    void twoFirstStartsBuildOnce() throws Exception {
        java("17.0.15");
        maven("3.8.7", "sleep 0.5");
        Process one = start(folder.resolve("repo/deploy/flm"), "version");
        Process two = start(folder.resolve("repo/deploy/flm"), "version");
        assertThat(await(one).exitCode()).isZero();
        assertThat(await(two).exitCode()).isZero();
        assertThat(builds()).hasSize(1);
    }
}
