package io.flm.launch.doctor;

import com.sun.management.OperatingSystemMXBean;
import com.typesafe.config.Config;
import io.flm.coordinator.http.HttpSettings;
import io.flm.data.RemotePath;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.launch.run.FreeMemory;
import io.flm.worker.torch.TorchRoute;
import io.flm.worker.torch.WorkerSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Looks at what the machine offers: Java, memory, cores, the way to torch, ports, disk, data. */
public final class Machine {
    private static final long LEAST_MEMORY_BYTES = 2L << 30;
    private static final long LEAST_DISK_BYTES = 1L << 30;

    private Machine() {}

    public static void look(DoctorReport report, Config config, Path folder) {
        java(report);
        memory(report);
        report.ok(
                "cores",
                Runtime.getRuntime().availableProcessors() + ", workers use "
                        + WorkerSettings.from(config).threads() + " each");
        openMp(report);
        torch(report);
        port(report, config);
        disk(report, folder);
        data(report, config);
    }

    private static void java(DoctorReport report) {
        String found = Runtime.version() + " (" + System.getProperty("java.vendor") + "), "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch");
        Module base = Object.class.getModule();
        Module own = Machine.class.getModule();
        if (base.isOpen("jdk.internal.misc", own) && base.isOpen("java.nio", own)) {
            report.ok("java", found);
        } else {
            report.warning("java", found, "started without --add-opens; start it by `flm doctor`");
        }
    }

    private static OperatingSystemMXBean system() {
        return (OperatingSystemMXBean)
                ManagementFactory.getOperatingSystemMXBean(); // of this JDK, container limits included
    }

    private static void memory(DoctorReport report) {
        OperatingSystemMXBean system = system();
        long total = system.getTotalMemorySize();
        FreeMemory free = FreeMemory.ofThisProcess();
        String found = String.format(
                Locale.ROOT,
                "%.1f GiB, and %s %.1f; heap up to %.1f",
                gib(total),
                free.limit(),
                free.bytes() / (1L << 30),
                gib(Runtime.getRuntime().maxMemory()));
        if (total < LEAST_MEMORY_BYTES) {
            report.warning("memory", found, "2 GiB or more are wanted, even for the emoji model");
        } else {
            report.ok("memory", found);
        }
    }

    private static void openMp(DoctorReport report) {
        String spin = System.getenv("GOMP_SPINCOUNT");
        if (spin == null) {
            report.warning(
                    "openmp", "GOMP_SPINCOUNT is not set", "threads spin on shared cores; start it by `flm doctor`");
        } else {
            report.ok("openmp", "GOMP_SPINCOUNT=" + spin);
        }
    }

    /** Starts the engine: what its natives lack shows only then. */
    private static void torch(DoctorReport report) {
        try {
            TorchRoute route = TorchRoute.inForce();
            route.start();
            report.ok("torch", route.describe() + "; it starts");
            StringBuilder devices = new StringBuilder("cpu");
            for (int i = 0; i < route.cudaDevices(); i++) {
                long[] memory = route.cudaMemory(i);
                devices.append(String.format(
                        Locale.ROOT, ", cuda:%d (%.1f of %.1f GiB free)", i, gib(memory[0]), gib(memory[1])));
            }
            if (route.missing().isEmpty()) {
                report.ok("devices", devices.toString());
            } else {
                report.warning("devices", devices.toString(), route.missing());
            }
        } catch (UserException e) {
            report.fault("torch", "not usable", String.valueOf(e.getMessage()));
        }
    }

    private static void port(DoctorReport report, Config config) {
        HttpSettings http = HttpSettings.from(config);
        String place = http.host() + ":" + http.port();
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName(http.host()), http.port()));
            report.ok("port", "http can be served on " + place + (http.port() == 0 ? " (any free port)" : ""));
        } catch (IOException e) {
            report.fault("port", place + ": " + e.getMessage(), "give another flm.http.host or flm.http.port");
        }
    }

    private static void disk(DoctorReport report, Path folder) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            String found = String.format(Locale.ROOT, "%.1f GiB free in %s", gib(free), folder);
            if (!Files.isWritable(folder)) {
                report.fault("disk", found, "it cannot be written; give --run a folder that can");
            } else if (free < LEAST_DISK_BYTES) {
                report.warning("disk", found, "checkpoints take three times the model's size each");
            } else {
                report.ok("disk", found);
            }
        } catch (IOException e) {
            report.fault("disk", folder + ": " + e.getMessage(), "give --run another folder");
        }
    }

    private static void data(DoctorReport report, Config config) {
        List<String> paths = new ArrayList<>();
        SourceSettings.paths(config).forEach(path -> paths.add(path.toString()));
        paths.addAll(config.getStringList("flm.data.eval-paths"));
        paths.add(config.getString("flm.data.tokenizer"));
        paths.removeIf(path -> path.isEmpty() || RemotePath.isRemote(path));
        List<String> missing =
                paths.stream().filter(path -> !Files.exists(Path.of(path))).toList();
        if (missing.isEmpty()) {
            report.ok("data", paths.size() + " files of the configuration are there");
        } else {
            report.fault("data", "missing: " + String.join(", ", missing), "give --data, --eval-data and --tokenizer");
        }
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
