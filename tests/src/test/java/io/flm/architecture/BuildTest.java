package io.flm.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Maven itself, in a copy of what one module needs: that whose sources are in part made by the build. */
@Timeout(300)
class BuildTest {
    @TempDir
    private Path folder = Path.of("");

    private String build() throws Exception {
        Path said = folder.resolve("said");
        Process maven = new ProcessBuilder(
                        "mvn",
                        "-B",
                        "-o",
                        "-Dstyle.color=never",
                        "-Dflm.program",
                        "-Dmaven.repo.local=" + System.getProperty("localRepository"),
                        "-pl",
                        "param-server",
                        "package")
                .directory(folder.resolve("repository").toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        assertThat(maven.waitFor(240, TimeUnit.SECONDS)).isTrue();
        assertThat(maven.exitValue()).as(Files.readString(said)).isZero();
        return Files.readString(said);
    }

    @Test
    void aBuildWithoutAChangeMakesNothingAgain() throws Exception {
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(place -> Files.isExecutable(Path.of(place, "mvn")));
        assumeTrue(found, "no mvn on the PATH");
        copy("pom.xml");
        for (String module : List.of(
                "data-stream", "gpu-worker", "coordinator", "deploy", "tests", "tests/virtual", "tests/simulation")) {
            copy(module + "/pom.xml");
        }
        copy("param-server/pom.xml");
        try (Stream<Path> sources = Files.walk(Repository.root().resolve("param-server/src/main"))) {
            for (Path source : sources.filter(Files::isRegularFile).toList()) {
                copy(Repository.root().relativize(source).toString());
            }
        }
        assertThat(build()).contains("Recompiling the module", "Building jar: ");
        assertThat(build()).contains("Nothing to compile").doesNotContain("Recompiling", "Building jar: ");
    }

    private void copy(String file) throws IOException {
        Path copy = folder.resolve("repository").resolve(file);
        Files.createDirectories(copy.resolveSibling(""));
        Files.copy(Repository.root().resolve(file), copy);
    }
}
