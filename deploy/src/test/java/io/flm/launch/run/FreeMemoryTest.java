package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** In file systems of the test's own, laid out as Linux has them. */
class FreeMemoryTest {
    private static final double MIB = 1 << 20;

    @TempDir
    private Path root = Path.of("");

    @BeforeEach
    void aMachineWithAGibibyteLeft() throws IOException {
        write("proc/meminfo", "MemTotal: 4194304 kB\nMemFree: 1024 kB\nMemAvailable: 1048576 kB\n");
        write("proc/self/status", "Name:\tjava\nVmSize:\t 512000 kB\nVmRSS:\t 102400 kB\n");
        write(
                "proc/self/limits",
                "Limit      Soft Limit    Hard Limit   Units\nMax address space         unlimited            unlimited            bytes\n");
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.resolveSibling(""));
        Files.writeString(path, text);
    }

    private double freeMib() {
        return FreeMemory.of(root).bytes() / MIB;
    }

    @Test
    void withoutALimitItIsWhatTheMachineHasAvailableAndWhatTheProcessHolds() {
        assertThat(freeMib()).isEqualTo(1024 + 100);
        assertThat(FreeMemory.of(root).limit()).isEqualTo("this machine has free");
    }

    @Test
    void theTightestOfNestedGroupsOfVersionTwoCounts() throws IOException {
        write("proc/self/cgroup", "0::/user.slice/run.scope\n");
        write("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n");
        write("sys/fs/cgroup/user.slice/memory.max", 700 * (1 << 20) + "\n");
        write("sys/fs/cgroup/user.slice/memory.current", 300 * (1 << 20) + "\n");
        write("sys/fs/cgroup/user.slice/memory.stat", "anon 1\ninactive_file " + 50 * (1 << 20) + "\n");
        write("sys/fs/cgroup/user.slice/run.scope/memory.max", "max\n");
        write("sys/fs/cgroup/user.slice/run.scope/memory.current", 200 * (1 << 20) + "\n");
        assertThat(freeMib()).as("file pages can be dropped").isEqualTo(700 - (300 - 50) + 100);
        assertThat(FreeMemory.of(root).limit()).contains("user.slice/memory.max");
        write("sys/fs/cgroup/user.slice/run.scope/memory.high", 250 * (1 << 20) + "\n");
        assertThat(freeMib()).isEqualTo(250 - 200 + 100);
    }

    @Test
    void groupsOfVersionOneAndAContainersViewOfItsOwnAreRead() throws IOException {
        write("proc/self/cgroup", "4:memory:/docker/abc\n0::/\n");
        write(
                "proc/self/mountinfo",
                "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", 400 * (1 << 20) + "\n");
        write("sys/fs/cgroup/memory/memory.usage_in_bytes", 150 * (1 << 20) + "\n");
        assertThat(freeMib()).isEqualTo(400 - 150 + 100);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(freeMib()).as("no limit").isEqualTo(1024 + 100);
    }

    @Test
    void aLimitOfTheAddressSpaceCounts() throws IOException {
        write("proc/self/limits", "Max address space         629145600            unlimited            bytes     \n");
        assertThat(freeMib()).isEqualTo(600 - 500 + 100);
        assertThat(FreeMemory.of(root).limit()).contains("ulimit -v");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void thisMachineHasSome() {
        assertThat(FreeMemory.ofThisProcess().bytes()).isBetween(10 * MIB, 1e15);
    }
}
