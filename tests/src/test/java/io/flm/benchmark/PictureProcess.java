package io.flm.benchmark;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.Dataset;
import io.flm.data.PictureSettings;
import io.flm.data.Pictures;
import io.flm.data.SampleException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes tensors of the pictures of a shard, by one thread, whenever it is told to:
 *
 * <pre>
 *   KEY=VALUE...     arguments: keys of the configuration
 *   SHARD SIZE       a line of the input: all pictures of it once, to [3, SIZE, SIZE]
 *   -> CPU SUM       a line of the output: processor time of the whole process, seconds; the sum of all bytes
 * </pre>
 */
public final class PictureProcess {
    private PictureProcess() {}

    /** Starts with the arguments that the class comment names, and ends with its input. */
    public static void main(String[] arguments) throws IOException, SampleException {
        Config config = ConfigFactory.parseString(String.join("\n", arguments)).withFallback(ConfigFactory.load());
        Pictures pictures = Pictures.with(PictureSettings.from(config));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            int space = line.lastIndexOf(' ');
            int size = Integer.parseInt(line.substring(space + 1));
            double before = cpuSeconds();
            long sum = 0;
            try (Dataset shard = Dataset.open(List.of(Path.of(line.substring(0, space))))) {
                for (long index = 0; index < shard.size(); index++) {
                    for (byte value : pictures.decode(pictures.read(shard, index), size)) {
                        sum += value & 0xff;
                    }
                }
            }
            System.out.println(cpuSeconds() - before + " " + sum);
        }
    }

    private static double cpuSeconds() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                        .getProcessCpuTime()
                / 1e9;
    }
}
