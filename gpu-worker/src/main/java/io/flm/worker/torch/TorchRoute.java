package io.flm.worker.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.util.cuda.CudaUtils;
import io.flm.data.UserException;
import java.io.IOException;
import java.io.Reader;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Properties;

/**
 * Where libtorch comes from. Nothing chosen: the CPU's libtorch that comes with this program. {@code flm bridge} chooses another
 * one for this user by a small file in the cache folder; {@code flm --torch} overrides the choice for one run.
 *
 * @param kind the source of the native libraries
 * @param torch the version of torch, as far as it is known before the engine starts
 * @param libraries the folder that DJL loads from; empty where DJL finds its own
 * @param cuda the CUDA version that torch was built for; empty for a torch of the CPU alone
 */
public record TorchRoute(Kind kind, String torch, String libraries, String cuda) {
    /** The sources of native libraries. */
    public enum Kind {
        /** The CPU's libtorch among this program's jars. */
        BUNDLED,
        /** The torch of a Python of this host, through the bridge that {@link BridgeBuild} compiled. */
        HOST,
        /** DJL's own CUDA libraries, which DJL fetches at its first start. */
        DOWNLOAD,
        /** A folder that PYTORCH_LIBRARY_PATH names, which DJL obeys before anything else. */
        ENVIRONMENT;

        /** The name on the command line and in the route file. */
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** {@code auto}, {@code bundled}, {@code host} or {@code download}; the launcher sets it. */
    public static final String PROPERTY = "io.flm.torch";

    /** DJL's own switch: it then fetches nothing. */
    private static final String OFFLINE = "ai.djl.offline";

    static final String BUNDLED_VERSION = "2.7.1";
    private static final String DOWNLOAD_CUDA = "12.8";

    /** The route that this process takes. Throws a {@link UserException} where the chosen one cannot be taken any more. */
    public static TorchRoute inForce() {
        String path = System.getenv("PYTORCH_LIBRARY_PATH");
        if (path != null) {
            return new TorchRoute(Kind.ENVIRONMENT, "", path, "");
        }
        return choose(System.getProperty(PROPERTY, "auto"), cacheFolder());
    }

    /** Where bridges and the route file are kept for this user. */
    public static Path cacheFolder() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path caches = xdg != null && xdg.startsWith("/") // a relative one is ignored: so says the convention
                ? Path.of(xdg)
                : Path.of(System.getProperty("user.home"), ".cache");
        return caches.resolve("flm").resolve("torch");
    }

    static TorchRoute choose(String wanted, Path cache) {
        TorchRoute bundled = new TorchRoute(Kind.BUNDLED, BUNDLED_VERSION, "", "");
        Path file = cache.resolve("route");
        boolean chosen = Files.exists(file);
        return switch (wanted) {
            case "bundled" -> bundled;
            case "download" -> new TorchRoute(Kind.DOWNLOAD, BUNDLED_VERSION, "", DOWNLOAD_CUDA);
            case "auto" -> chosen ? read(file, cache) : bundled;
            case "host" -> {
                TorchRoute route = chosen ? read(file, cache) : bundled;
                if (route.kind != Kind.HOST) {
                    throw new UserException("--torch host: no torch of this host was chosen yet; run `flm bridge`");
                }
                yield route;
            }
            default -> throw new UserException("--torch " + wanted + ": give auto, bundled, host or download");
        };
    }

    private static TorchRoute read(Path file, Path cache) {
        Properties p = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            p.load(in);
        } catch (IOException e) {
            throw new UserException(file + " cannot be read (" + e.getMessage() + "); run `flm bridge` again", e);
        }
        String kind = p.getProperty("kind", "");
        if (!kind.equals(Kind.HOST.key())) {
            return choose(kind, cache);
        }
        String torch = p.getProperty("torch", "");
        Path libraries = Path.of(p.getProperty("libraries", ""));
        Path core = Path.of(p.getProperty("core", ""));
        if (!Files.exists(libraries.resolve(BridgeBuild.LIBRARY))
                || !BridgeBuild.fingerprint(core).equals(p.getProperty("core-fingerprint"))) {
            throw new UserException("the torch that `flm bridge` chose (" + torch + ", " + core
                    + ") has changed or is gone; run `flm bridge` again, or add --torch bundled");
        }
        if (!BridgeBuild.sources().equals(p.getProperty("sources"))) {
            throw new UserException(
                    "the bridge to torch " + torch
                            + " was compiled by another version of this program; run `flm bridge` again, or add --torch bundled");
        }
        return new TorchRoute(Kind.HOST, torch, libraries.toString(), p.getProperty("cuda", ""));
    }

    /** Makes DJL take this route, starts the engine, and loads what it has for CUDA. Only the first route of a process counts. */
    public void start() {
        if (kind == Kind.HOST) {
            System.setProperty("PYTORCH_LIBRARY_PATH", libraries);
            System.setProperty("PYTORCH_VERSION", torch.replaceAll("[+].*", ""));
            // DJL would look for a CUDA runtime of its own to tell the flavor; the bridge's folder has one library
            // whatever it is.
            System.setProperty("PYTORCH_FLAVOR", "cpu");
        }
        // DJL would report each start to its makers, for which it asks the cloud's metadata address where it runs.
        System.setProperty("OPT_OUT_TRACKING", "true");
        if (kind != Kind.DOWNLOAD && System.getProperty(OFFLINE) == null) {
            System.setProperty(OFFLINE, "true");
        }
        try {
            Engine.getEngine("PyTorch");
            if (kind == Kind.HOST && !cuda.isEmpty()) {
                HostTorch.loadCuda();
            }
        } catch (RuntimeException | LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new UserException(
                    "PyTorch does not start (" + cause.getMessage() + ") on the route " + describe()
                            + "; `flm doctor` says what is missing, `flm --torch bundled` uses the CPU's libtorch",
                    e);
        }
    }

    /** The CUDA devices that can be used; the engine must have started on this route. */
    public int cudaDevices() {
        return switch (kind) {
            case BUNDLED -> 0;
            case HOST -> HostTorch.cudaDevices();
            case DOWNLOAD, ENVIRONMENT -> CudaUtils.getGpuCount();
        };
    }

    /** A CUDA device's free memory and all of it, bytes; the engine must have started on this route. */
    public long[] cudaMemory(int device) {
        if (kind == Kind.HOST) {
            return HostTorch.cudaMemory(device);
        }
        MemoryUsage usage = CudaUtils.getGpuMemory(Device.gpu(device));
        return new long[] {usage.getMax() - usage.getUsed(), usage.getMax()};
    }

    /** One line for users. */
    public String describe() {
        return switch (kind) {
            case BUNDLED -> "bundled: libtorch " + torch + " of the CPU, from this program's jars";
            case HOST ->
                "host: torch " + torch + (cuda.isEmpty() ? "" : " (CUDA " + cuda + ")") + ", bridge in " + libraries;
            case DOWNLOAD -> "download: DJL's CUDA libraries of torch " + torch;
            case ENVIRONMENT -> "environment: PYTORCH_LIBRARY_PATH=" + libraries;
        };
    }

    /** Whether an NVIDIA driver is installed here. */
    public static boolean hasNvidiaDriver() {
        return Files.exists(Path.of("/proc/driver/nvidia/version")) || Files.exists(Path.of("/dev/dxg"));
    }

    /**
     * What keeps CUDA devices from being used, and what to do about it; empty where nothing is missing or no such device is
     * here. On the route {@link Kind#HOST} the engine must have started.
     */
    public String missing() {
        boolean driver = hasNvidiaDriver();
        return switch (kind) {
            case BUNDLED ->
                driver
                        ? "an NVIDIA driver is here, but the bundled libtorch knows no CUDA: run `flm bridge` (needs a Python"
                                + " with torch 2.7 or later), or `flm bridge --download`"
                        : "";
            case HOST -> {
                if (cuda.isEmpty()) {
                    yield driver
                            ? "an NVIDIA driver is here, but this torch was built without CUDA: install one with CUDA"
                            : "";
                }
                String problem = HostTorch.loadCuda();
                yield problem.isEmpty() ? "" : "this torch's CUDA is not used: " + problem;
            }
            case DOWNLOAD -> driver ? "" : "no NVIDIA driver is here: the CPU is used";
            case ENVIRONMENT -> "";
        };
    }
}
