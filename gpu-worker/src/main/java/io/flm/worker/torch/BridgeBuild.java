package io.flm.worker.torch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileTree;
import io.flm.data.Sha256;
import io.flm.data.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles the bridge between DJL and the torch that a Python of this host has: DJL ships natives for one version of torch, GPU
 * hosts have whatever their image brought. Once a host; g++ and the headers of that torch and of this JDK are all it takes.
 *
 * <p>The result is a folder that DJL takes for a libtorch: the bridge, which links the host's libraries, under both names that
 * DJL looks for.
 */
public final class BridgeBuild {
    static final String LIBRARY = "libdjl_torch.so";

    private static final List<String> SOURCES = List.of("bridge.cpp", "cuda.h", "java.h");
    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\..*");

    /** The torch of a Python. */
    record Found(Path root, String version, String cuda, String abi) {
        Path lib() {
            return root.resolve("lib");
        }

        Path core() {
            return lib().resolve("libtorch_cpu.so");
        }
    }

    private final Path cache;
    private final Consumer<String> say;

    /**
     * @param cache where bridges are kept, see {@link TorchRoute#cacheFolder}
     * @param say takes a line about each thing that is done
     */
    public BridgeBuild(Path cache, Consumer<String> say) {
        this.cache = cache;
        this.say = say;
    }

    /**
     * Compiles the bridge, unless that was done before. The route is not chosen yet: see {@link #choose}.
     *
     * @param python a program's name or path
     * @param compiler a C++ compiler that takes g++'s options
     */
    public TorchRoute build(String python, String compiler) {
        if (!System.getProperty("os.name").equals("Linux")) {
            throw new UserException("the bridge is for Linux; here the bundled libtorch is used");
        }
        Found torch = find(python);
        Path headers = Path.of(System.getProperty("java.home"), "include");
        require(
                headers.resolve("jni.h"),
                "this Java has no jni.h (" + headers + "): start flm with a JDK, not only a runtime");
        Path folder = cache.resolve("bridge-" + torch.version() + "-"
                + hash(List.of(sources(), torch.root().toString(), fingerprint(torch.core()), torch.abi()))
                        .substring(0, 12));
        if (Files.exists(folder.resolve(LIBRARY))) {
            say.accept("the bridge to torch " + torch.version() + " is already there: " + folder);
        } else {
            compile(torch, headers, compiler, folder);
        }
        return new TorchRoute(TorchRoute.Kind.HOST, torch.version(), folder.toString(), torch.cuda());
    }

    /** Makes a built bridge the route that this user's later runs take. */
    public void choose(TorchRoute route, String python) {
        Path core = find(python).core();
        Properties p = new Properties();
        p.setProperty("kind", route.kind().key());
        p.setProperty("torch", route.torch());
        p.setProperty("cuda", route.cuda());
        p.setProperty("libraries", route.libraries());
        p.setProperty("core", core.toString());
        p.setProperty("core-fingerprint", fingerprint(core));
        p.setProperty("sources", sources());
        write(p);
    }

    /** Makes a route that needs no bridge the one that this user's later runs take. */
    public TorchRoute choose(TorchRoute.Kind kind) {
        Properties p = new Properties();
        p.setProperty("kind", kind.key());
        write(p);
        return TorchRoute.choose(kind.key(), cache);
    }

    private void write(Properties p) {
        Path file = cache.resolve("route");
        try {
            Files.createDirectories(cache);
            Path temporary = Files.createTempFile(cache, "route", ".tmp");
            try (Writer out = Files.newBufferedWriter(temporary)) {
                p.store(out, "What `flm bridge` chose");
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UserException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private Found find(String python) {
        String output = run(
                List.of(python, "-c", resource("probe.py")),
                python + ": no such program; name a Python that has torch by --python");
        JsonNode answer;
        try {
            answer = new ObjectMapper().readTree(output);
        } catch (IOException e) {
            throw new UserException(python + " does not answer what torch it has: " + firstLine(output), e);
        }
        if (!answer.has("root")) {
            throw new UserException(
                    answer.path("python").asText(python)
                            + " has no torch: install torch 2.7 or later there, name another Python by --python, or take DJL's own by --download");
        }
        Found torch = new Found(
                Path.of(answer.path("root").asText()),
                answer.path("version").asText(),
                answer.path("cuda").asText(),
                answer.path("abi").asText());
        Matcher m = VERSION.matcher(torch.version());
        if (!m.matches() || Integer.parseInt(m.group(1)) * 1000 + Integer.parseInt(m.group(2)) < 2007) {
            throw new UserException(
                    "torch " + torch.version() + " in " + torch.root() + " is too old: 2.7 or later is needed");
        }
        require(torch.core(), "torch " + torch.version() + " has no " + torch.core() + ": install it again");
        require(
                torch.root().resolve("include/torch/script.h"),
                "torch " + torch.version() + " in " + torch.root()
                        + " came without its C++ headers: install it by pip or conda");
        return torch;
    }

    private void compile(Found torch, Path headers, String compiler, Path folder) {
        say.accept("compiling the bridge to torch " + torch.version() + " in " + torch.root() + " (half a minute)");
        try {
            Files.createDirectories(cache);
            Path work = Files.createTempDirectory(cache, "compile");
            try {
                for (String name : SOURCES) {
                    Files.writeString(work.resolve(name), resource(name));
                }
                Path result = Files.createDirectory(work.resolve("result"));
                run(
                        command(torch, headers, compiler, work, result.resolve(LIBRARY)),
                        compiler
                                + " was not found; install it: apt-get install g++ (Debian), dnf install gcc-c++ (Fedora)");
                Files.createSymbolicLink(result.resolve("libtorch.so"), Path.of(LIBRARY));
                Files.move(result, folder, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                FileTree.delete(work);
            }
        } catch (IOException e) {
            throw new UserException(cache + " cannot be written: " + e.getMessage(), e);
        }
        say.accept("compiled: " + folder);
    }

    private static List<String> command(Found torch, Path headers, String compiler, Path sources, Path output) {
        List<String> command = new ArrayList<>(List.of(compiler, "-std=c++20", "-O2", "-fPIC", "-shared", "-w"));
        command.add("-D_GLIBCXX_USE_CXX11_ABI=" + torch.abi());
        command.add("-I" + torch.root().resolve("include"));
        command.add("-I" + torch.root().resolve("include/torch/csrc/api/include"));
        command.add("-I" + headers);
        command.add("-I" + headers.resolve("linux"));
        command.add(sources.resolve("bridge.cpp").toString());
        command.addAll(List.of("-o", output.toString(), "-L" + torch.lib(), "-ltorch_cpu", "-lc10"));
        command.add("-Wl,-rpath," + torch.lib()); // also for libtorch_cuda.so, which is loaded where there is a driver
        return command;
    }

    private String run(List<String> command, String whenAbsent) {
        try {
            Files.createDirectories(cache);
            List<String> started = new ArrayList<>(command);
            started.set(0, program(command.get(0)));
            Process process = new ProcessBuilder(started)
                    .directory(cache.toFile()) // a torch folder where the user stands is no installed torch
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                String first = output.lines()
                        .filter(line -> line.contains("error"))
                        .findFirst()
                        .orElse(firstLine(output));
                throw new UserException(command.get(0) + " ended with status " + status + ": " + first);
            }
            return output;
        } catch (IOException e) {
            throw new UserException(whenAbsent, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException(command.get(0) + " was interrupted", e);
        }
    }

    /** A path is meant from where the user stands, not from the folder that programs are started in. */
    private static String program(String nameOrPath) {
        return nameOrPath.contains("/") ? Path.of(nameOrPath).toAbsolutePath().toString() : nameOrPath;
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("it says nothing");
    }

    private static void require(Path file, String message) {
        if (!Files.exists(file)) {
            throw new UserException(message);
        }
    }

    /** What the sources of the bridge are, in this version of the program. */
    static String sources() {
        return hash(SOURCES.stream().map(BridgeBuild::resource).toList());
    }

    /** Tells one file from another that takes its place. */
    static String fingerprint(Path file) {
        try {
            return Files.size(file) + "-" + Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            return "absent";
        }
    }

    private static String resource(String name) {
        try (InputStream in = BridgeBuild.class.getResourceAsStream("bridge/" + name)) {
            if (in == null) {
                throw new IllegalStateException("bridge/" + name + " is not beside the class");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(List<String> texts) {
        MessageDigest digest = Sha256.newDigest();
        for (String text : texts) {
            digest.update(text.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
        }
        return Sha256.hex(digest);
    }
}
