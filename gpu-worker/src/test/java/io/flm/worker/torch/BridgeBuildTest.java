package io.flm.worker.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Hosts of all kinds, played by shell scripts that stand in for Python and g++. */
@EnabledOnOs(OS.LINUX)
final class BridgeBuildTest {
    @TempDir
    private Path folder;

    private Path cache;
    private Path torch;
    private final List<String> said = new ArrayList<>();

    @BeforeEach
    void aTorch() throws IOException {
        cache = folder.resolve("cache");
        torch = folder.resolve("torch");
        Files.createDirectories(torch.resolve("lib"));
        Files.createDirectories(torch.resolve("include/torch"));
        Files.writeString(torch.resolve("lib/libtorch_cpu.so"), "the library");
        Files.writeString(torch.resolve("include/torch/script.h"), "the header");
    }

    @Test
    void compilesOnceAndNamesTheTorch() throws IOException {
        String python = pythonWith("2.9.0+cu130", "13.0");
        String compiler =
                script("g++", "echo x >> " + folder.resolve("calls") + "; touch \"" + afterOption("-o") + "\"");

        TorchRoute route = build(python, compiler);
        TorchRoute again = build(python, compiler);

        assertThat(route.torch()).isEqualTo("2.9.0+cu130");
        assertThat(route.cuda()).isEqualTo("13.0");
        assertThat(Path.of(route.libraries())).isDirectoryContaining("glob:**/libtorch.so");
        assertThat(again).isEqualTo(route);
        assertThat(Files.readAllLines(folder.resolve("calls"))).hasSize(1);
        assertThat(said).anyMatch(line -> line.contains("compiling the bridge to torch 2.9.0+cu130"));
    }

    @Test
    void aPathIsMeantFromWhereTheUserStands() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        String python = here.relativize(Path.of(pythonWith("2.9.0", ""))).toString();
        String compiler = here.relativize(Path.of(script("g++", "touch \"" + afterOption("-o") + "\"")))
                .toString();
        assertThat(build(python, compiler).torch()).isEqualTo("2.9.0");
    }

    @Test
    void theChosenRouteIsTakenUntilTorchChanges() throws IOException {
        String python = pythonWith("2.9.0+cu130", "13.0");
        TorchRoute route = build(python, script("g++", "touch \"" + afterOption("-o") + "\""));
        BridgeBuild bridges = new BridgeBuild(cache, said::add);

        bridges.choose(route, python);

        assertThat(TorchRoute.choose("auto", cache)).isEqualTo(route);
        assertThat(TorchRoute.choose("bundled", cache).kind()).isEqualTo(TorchRoute.Kind.BUNDLED);
        Files.writeString(torch.resolve("lib/libtorch_cpu.so"), "another library");
        assertThatThrownBy(() -> TorchRoute.choose("auto", cache))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("has changed or is gone; run `flm bridge` again");
        bridges.choose(TorchRoute.Kind.BUNDLED);
        assertThat(TorchRoute.choose("auto", cache).kind()).isEqualTo(TorchRoute.Kind.BUNDLED);
    }

    @Test
    void theDownloadRouteIsChosenWithoutAnyPython() {
        new BridgeBuild(cache, said::add).choose(TorchRoute.Kind.DOWNLOAD);

        assertThat(TorchRoute.choose("auto", cache).kind()).isEqualTo(TorchRoute.Kind.DOWNLOAD);
        assertThatThrownBy(() -> TorchRoute.choose("host", cache)).hasMessageContaining("run `flm bridge`");
    }

    @Test
    void aHostThatLacksSomethingIsToldWhatInOneLine() throws IOException {
        String python = pythonWith("2.9.0", "");
        refused("no-such-python", "g++", "no-such-python: no such program; name a Python");
        refused(script("bare", "echo '{\"python\": \"/usr/bin/python3\"}'"), "g++", "/usr/bin/python3 has no torch");
        refused(script("broken", "echo no module; exit 1"), "g++", "ended with status 1: no module");
        refused(pythonWith("2.6.1", ""), "g++", "torch 2.6.1 in " + torch + " is too old: 2.7 or later");
        refused(python, "no-such-g++", "no-such-g++ was not found; install it: apt-get install g++");
        refused(
                python,
                script("bad", "echo; echo 'bridge.cpp:3: error: no way'; exit 1"),
                "status 1: bridge.cpp:3: error: no way");
        Files.delete(torch.resolve("include/torch/script.h"));
        refused(python, "g++", "came without its C++ headers");
    }

    private void refused(String python, String compiler, String message) {
        assertThatThrownBy(() -> build(python, compiler))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(cache.resolve("route")).doesNotExist();
    }

    private TorchRoute build(String python, String compiler) {
        return new BridgeBuild(cache, said::add).build(python, compiler);
    }

    private String pythonWith(String version, String cuda) throws IOException {
        return script(
                "python-" + version,
                "echo '{\"python\": \"p\", \"root\": \"" + torch + "\", \"version\": \"" + version + "\", \"cuda\": \""
                        + cuda + "\", \"abi\": \"1\"}'");
    }

    /** Shell for the argument that follows an option. */
    private static String afterOption(String option) {
        return "$(printf '%s\\n' \"$@\" | sed -n '/^" + option + "$/{n;p}')";
    }

    private String script(String name, String body) throws IOException {
        Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file.toString();
    }
}
