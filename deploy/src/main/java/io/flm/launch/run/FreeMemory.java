package io.flm.launch.run;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process can have, with what it has already: what the machine has left, or less where a control group that
 * the process is in (version 1 or 2, at any depth) or a limit of its address space leaves less.
 *
 * @param bytes that the process can come to
 * @param limit what sets them, for messages
 */
public record FreeMemory(double bytes, String limit) {
    private static final String NUMBER = "\\d+";

    public static FreeMemory ofThisProcess() {
        return Files.exists(Path.of("/proc/meminfo")) ? of(Path.of("/")) : ofTheJvm();
    }

    /** @param root of the file system; a test has one of its own */
    static FreeMemory of(Path root) {
        Path proc = root.resolve("proc");
        double resident = kibibytes(proc.resolve("self/status"), "VmRSS:");
        double left = kibibytes(proc.resolve("meminfo"), "MemAvailable:");
        FreeMemory free = new FreeMemory(resident + left, "this machine has free");
        for (String line : lines(proc.resolve("self/cgroup"))) {
            String[] parts = line.split(":", 3); // number, controllers, path
            if (parts.length == 3 && parts[1].isEmpty()) {
                free = free.within(
                        root, mounts(proc, "cgroup2", ""), parts[2], resident, "memory.max", "memory.current");
                free = free.within(
                        root, mounts(proc, "cgroup2", ""), parts[2], resident, "memory.high", "memory.current");
            } else if (parts.length == 3 && List.of(parts[1].split(",", -1)).contains("memory")) {
                free = free.within(
                        root,
                        mounts(proc, "cgroup", "memory"),
                        parts[2],
                        resident,
                        "memory.limit_in_bytes",
                        "memory.usage_in_bytes");
            }
        }
        return free.withinAddressSpace(proc, resident);
    }

    /** Elsewhere than on Linux. */
    private static FreeMemory ofTheJvm() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new FreeMemory(system.getTotalMemorySize(), "this machine has");
    }

    private record Mount(Path at, Path of) {}

    /** Where control groups can be looked at: in a container only a part of them. */
    private static List<Mount> mounts(Path proc, String type, String controller) {
        return lines(proc.resolve("self/mountinfo")).stream()
                .filter(line -> {
                    String[] halves = line.split(" - ", 2);
                    String[] kind = halves.length == 2 ? halves[1].split(" ", -1) : new String[0];
                    return kind.length >= 3
                            && kind[0].equals(type)
                            && (controller.isEmpty()
                                    || List.of(kind[2].split(",", -1)).contains(controller));
                })
                .map(line -> line.split(" ", -1))
                .map(words -> new Mount(Path.of(words[4]), Path.of(words[3])))
                .toList();
    }

    private FreeMemory within(
            Path root, List<Mount> mounts, String group, double resident, String limitFile, String usageFile) {
        FreeMemory least = this;
        for (Mount mount : mounts) {
            Path top = root.resolve(mount.at().toString().substring(1));
            Path own = Path.of(group);
            Path below = own.startsWith(mount.of()) ? mount.of().relativize(own) : Path.of("");
            Path folder = top.resolve(below).normalize();
            if (!Files.isDirectory(folder)) {
                folder = top; // a container that sees its own group alone, under another name
            }
            for (; folder != null && folder.startsWith(top); folder = folder.getParent()) {
                String limit = String.join("", lines(folder.resolve(limitFile))).strip();
                String used = String.join("", lines(folder.resolve(usageFile))).strip();
                if (!limit.matches(NUMBER) || !used.matches(NUMBER)) {
                    continue; // "max", or no limit of this kind at this depth
                }
                double cache = Math.max(
                        number(folder.resolve("memory.stat"), "inactive_file "),
                        number(folder.resolve("memory.stat"), "total_inactive_file "));
                double room = Double.parseDouble(limit) - (Double.parseDouble(used) - cache) + resident;
                if (room < least.bytes()) {
                    least = new FreeMemory(
                            Math.max(0, room), "the control group's " + folder.resolve(limitFile) + " leaves");
                }
            }
        }
        return least;
    }

    /** {@code ulimit -v}. */
    private FreeMemory withinAddressSpace(Path proc, double resident) {
        for (String line : lines(proc.resolve("self/limits"))) {
            String[] words = line.split(" {2,}", -1);
            if (words[0].equals("Max address space") && words[1].matches(NUMBER)) {
                double room =
                        Double.parseDouble(words[1]) - kibibytes(proc.resolve("self/status"), "VmSize:") + resident;
                if (room < bytes) {
                    return new FreeMemory(Math.max(0, room), "the limit of the address space (ulimit -v) leaves");
                }
            }
        }
        return this;
    }

    private static double kibibytes(Path file, String key) {
        return 1024 * number(file, key);
    }

    private static double number(Path file, String key) {
        for (String line : lines(file)) {
            if (line.startsWith(key)) {
                return Double.parseDouble(line.substring(key.length()).strip().replaceAll(" .*", ""));
            }
        }
        return 0;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of(); // what cannot be read limits nothing that is known
        }
    }
}
